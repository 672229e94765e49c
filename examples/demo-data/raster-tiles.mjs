import { createCanvas } from '@napi-rs/canvas'
import sharp from 'sharp'
import { FONTS } from './fonts.mjs'
import { boundaries, coastline, countryPolygons, labels } from './world.mjs'

const MAX_ZOOM = 3
const TILE = 256
const COLORS = {
  deep: '#143449',
  ocean: '#1d4a63',
  shallow: 'rgba(126, 190, 204, 0.10)',
  graticule: 'rgba(190, 225, 235, 0.10)',
  tints: ['#e9dfc6', '#dfd9b8', '#e6d3b3', '#d3d6b4', '#ecd9c0', '#d9dcc4'],
  ice: '#eef1ee',
  coast: '#5d7f83',
  boundary: 'rgba(122, 96, 72, 0.55)',
  text: '#4a3a2c',
  halo: 'rgba(246, 240, 226, 0.75)',
  oceanText: 'rgba(178, 217, 228, 0.75)',
}
const ICY = new Set(['Antarctica', 'Greenland'])

function project([lng, lat], size) {
  const radians = (Math.max(-85.06, Math.min(85.06, lat)) * Math.PI) / 180
  const y = 0.5 - Math.log(Math.tan(Math.PI / 4 + radians / 2)) / (2 * Math.PI)
  return [((lng + 180) / 360) * size, y * size]
}

function trace(context, lines, size) {
  context.beginPath()
  for (const line of lines) {
    line.forEach((point, index) => {
      context[index === 0 ? 'moveTo' : 'lineTo'](...project(point, size))
    })
  }
}

function drawOcean(context, size) {
  const gradient = context.createLinearGradient(0, 0, 0, size)
  gradient.addColorStop(0, COLORS.deep)
  gradient.addColorStop(0.5, COLORS.ocean)
  gradient.addColorStop(1, COLORS.deep)
  context.fillStyle = gradient
  context.fillRect(0, 0, size, size)
  const lines = []
  for (let lng = -180; lng <= 180; lng += 15)
    lines.push([
      [lng, -85],
      [lng, 85],
    ])
  for (let lat = -75; lat <= 75; lat += 15)
    lines.push([
      [-180, lat],
      [180, lat],
    ])
  trace(context, lines, size)
  context.lineWidth = 1
  context.strokeStyle = COLORS.graticule
  context.stroke()
}

function drawLand(context, size, zoom) {
  context.lineJoin = 'round'
  trace(context, coastline.coordinates, size)
  context.strokeStyle = COLORS.shallow
  for (const width of [22, 14, 8, 4]) {
    context.lineWidth = (width * 2 ** zoom) / 8
    context.stroke()
  }
  for (const { properties, geometry } of countryPolygons) {
    trace(context, geometry.coordinates.flat(), size)
    const color = ICY.has(properties.name) ? COLORS.ice : COLORS.tints[properties.tint]
    context.fillStyle = color
    context.strokeStyle = color
    context.lineWidth = 0.6
    context.fill('evenodd')
    context.stroke()
  }
  trace(context, boundaries.coordinates, size)
  context.strokeStyle = COLORS.boundary
  context.lineWidth = 0.5 + zoom * 0.12
  context.stroke()
  trace(context, coastline.coordinates, size)
  context.strokeStyle = COLORS.coast
  context.lineWidth = 0.35 + zoom * 0.12
  context.stroke()
}

/** Draws labels by rank. A label that would overlap another is omitted. */
function drawLabels(context, size, zoom) {
  const taken = []
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const { properties, geometry } of labels) {
    const isOcean = properties.class === 'ocean'
    if (properties.class === 'city' || properties.rank > zoom - (isOcean ? 1 : 0)) continue
    const fontSize = isOcean ? 13 - properties.rank : 13.5 - properties.rank
    context.font = `${fontSize}px "${isOcean ? FONTS['Noto Sans Italic'].family : FONTS['Noto Sans Bold'].family}"`
    context.letterSpacing = isOcean ? '1.5px' : '0.2px'
    const [x, y] = project(geometry.coordinates, size)
    const half = context.measureText(properties.name).width / 2 + 3
    const box = [x - half, y - fontSize * 0.7, x + half, y + fontSize * 0.7]
    const touches = taken.some(
      (b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1],
    )
    if (touches || box[0] < 2 || box[2] > size - 2) continue
    taken.push(box)
    if (!isOcean) {
      context.strokeStyle = COLORS.halo
      context.lineWidth = 2.5
      context.strokeText(properties.name, x, y)
    }
    context.fillStyle = isOcean ? COLORS.oceanText : COLORS.text
    context.fillText(properties.name, x, y)
  }
}

/** @returns {Promise<{ tiles: { z: number, x: number, y: number, data: Buffer }[], metadata: object }>} WebP */
export async function makeRasterTiles() {
  const tiles = []
  for (let z = 0; z <= MAX_ZOOM; z++) {
    const size = TILE * 2 ** z
    const canvas = createCanvas(size, size)
    const context = canvas.getContext('2d')
    drawOcean(context, size)
    drawLand(context, size, z)
    drawLabels(context, size, z)
    const raw = { width: size, height: size, channels: 4 }
    const pixels = Buffer.from(context.getImageData(0, 0, size, size).data.buffer)
    for (let x = 0; x < 2 ** z; x++) {
      for (let y = 0; y < 2 ** z; y++) {
        const data = await sharp(pixels, { raw })
          .extract({ left: x * TILE, top: y * TILE, width: TILE, height: TILE })
          .removeAlpha()
          .webp({ quality: 72, effort: 6, smartSubsample: true })
          .toBuffer()
        tiles.push({ z, x, y, data })
      }
    }
  }
  const metadata = {
    name: 'world-raster',
    description: 'An atlas sheet of the world',
    attribution: 'Natural Earth',
    type: 'baselayer',
  }
  return { tiles, metadata }
}
