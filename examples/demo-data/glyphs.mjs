import TinySDF from '@mapbox/tiny-sdf'
import { createCanvas } from '@napi-rs/canvas'
import { PbfWriter } from 'pbf'
import { FONTS } from './fonts.mjs'

const BUFFER = 3
/** Distance from the top of the line to the baseline at 24 px. The glyph format measures `top` from there. */
const ASCENDER = 26

class NodeSdf extends TinySDF {
  _createCanvas(size) {
    return createCanvas(size, size)
  }
}

function writeGlyph({ id, sdf }, pbf) {
  pbf.writeVarintField(1, id)
  if (sdf.glyphWidth > 0) pbf.writeBytesField(2, sdf.data)
  pbf.writeVarintField(3, sdf.glyphWidth)
  pbf.writeVarintField(4, sdf.glyphHeight)
  pbf.writeSVarintField(5, sdf.glyphLeft)
  pbf.writeSVarintField(6, sdf.glyphTop - ASCENDER)
  pbf.writeVarintField(7, Math.round(sdf.glyphAdvance))
}

function writeStack({ name, range, glyphs }, pbf) {
  pbf.writeStringField(1, name)
  pbf.writeStringField(2, range)
  for (const glyph of glyphs) pbf.writeMessage(3, writeGlyph, glyph)
}

/**
 * Latin-1 glyphs of one font stack as signed distance fields.
 *
 * @param {keyof typeof FONTS} name
 * @returns {Uint8Array} range 0–255
 */
export function makeGlyphs(name) {
  const tiny = new NodeSdf({
    fontFamily: FONTS[name].family,
    fontSize: 24,
    buffer: BUFFER,
    radius: 8,
    cutoff: 0.25,
  })
  const glyphs = []
  for (let id = 32; id < 256; id++) {
    if (id > 126 && id < 160) continue
    glyphs.push({ id, sdf: tiny.draw(String.fromCodePoint(id)) })
  }
  const pbf = new PbfWriter()
  pbf.writeMessage(1, writeStack, { name, range: '0-255', glyphs })
  return pbf.finish()
}
