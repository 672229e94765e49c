import { crc32, deflateSync } from 'node:zlib'

/** A PNG of one colour. */
function createPng(size: number, colour: readonly [number, number, number]): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length)
    body.copy(out, 4)
    out.writeUInt32BE(crc32(body), body.length + 4)
    return out
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(size * 3, Buffer.from(colour))])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)))
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A raster tile. */
export const TILE = createPng(256, [40, 120, 90])
/** Elevation 0 in the Mapbox encoding. */
const DEM = createPng(256, [1, 134, 160])
/** A vector tile whose layer `land` is a square over the whole tile. */
export const VECTOR = Buffer.from(
  '1a1f0a046c616e6412121803220e0900001a804000008040ff3f000f2880207802',
  'hex',
)

export interface Resource {
  readonly type: string
  readonly body: Buffer | string
}

/**
 * Any resource that a map can ask for.
 *
 * @param host Where the tiles of TileJSON are.
 * @returns `undefined` below `/missing/`.
 */
export function findResource(path: string, host: string): Resource | undefined {
  const json = (value: object) => ({ type: 'application/json', body: JSON.stringify(value) })
  const protobuf = (body: Buffer) => ({ type: 'application/x-protobuf', body })
  const png = (body: Buffer) => ({ type: 'image/png', body })
  if (path.includes('/missing/')) return undefined
  if (path.endsWith('.mvt')) return protobuf(VECTOR)
  if (path.includes('/dem/')) return png(DEM)
  if (path.endsWith('.geojson')) return json({ type: 'FeatureCollection', features: [] })
  if (path.endsWith('tiles.json')) {
    const tiles = [`http://${host}/v1/vector/{z}/{x}/{y}.mvt`]
    return json({ tilejson: '3.0.0', tiles, maxzoom: 14 })
  }
  if (path.endsWith('style.json')) return json({ version: 8, sources: {}, layers: [] })
  if (path.endsWith('sprite.json') || path.endsWith('sprite@2x.json'))
    return json({ dot: { x: 0, y: 0, width: 16, height: 16, pixelRatio: 1 } })
  if (path.includes('/glyphs/')) return protobuf(Buffer.alloc(0))
  return png(TILE)
}
