import sharp from 'sharp'

const ICONS = {
  city: {
    size: 10,
    svg: '<circle cx="5" cy="5" r="3.2" fill="#fff" stroke="#1f2d3a" stroke-width="1.6"/>',
  },
  town: {
    size: 8,
    svg: '<circle cx="4" cy="4" r="2.2" fill="#fff" stroke="#1f2d3a" stroke-width="1.3"/>',
  },
  'city-dark': {
    size: 10,
    svg: '<circle cx="5" cy="5" r="3.2" fill="#0e1720" stroke="#e6edf3" stroke-width="1.6"/>',
  },
  'town-dark': {
    size: 8,
    svg: '<circle cx="4" cy="4" r="2.2" fill="#0e1720" stroke="#e6edf3" stroke-width="1.3"/>',
  },
}

/** @returns {Promise<{ json: object, png: Buffer }>} the icons in a row, at the given pixel ratio */
export async function makeSprite(pixelRatio) {
  const json = {}
  let left = 0
  let body = ''
  for (const [name, { size, svg }] of Object.entries(ICONS)) {
    body += `<g transform="translate(${left} 0)">${svg}</g>`
    const pixels = size * pixelRatio
    json[name] = { x: left * pixelRatio, y: 0, width: pixels, height: pixels, pixelRatio }
    left += size
  }
  const [width, height] = [left * pixelRatio, 10 * pixelRatio]
  const document = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${left} 10">${body}</svg>`
  return { json, png: await sharp(Buffer.from(document)).png({ compressionLevel: 9 }).toBuffer() }
}
