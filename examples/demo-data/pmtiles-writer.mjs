import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { zxyToTileId } from 'pmtiles'

const HEADER_LENGTH = 127
const ROOT_LIMIT = 16_384 - HEADER_LENGTH
const GZIP = 2
const NO_COMPRESSION = 1

function varint(bytes, value) {
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
}

/** Encodes columns: id deltas, run lengths, lengths, offsets (0 means "directly after the previous tile"). */
function encodeDirectory(entries) {
  const bytes = []
  varint(bytes, entries.length)
  let lastId = 0
  for (const { id } of entries) {
    varint(bytes, id - lastId)
    lastId = id
  }
  for (const { run } of entries) varint(bytes, run)
  for (const { length } of entries) varint(bytes, length)
  entries.forEach(({ offset }, index) => {
    const before = entries[index - 1]
    varint(bytes, before && before.offset + before.length === offset ? 0 : offset + 1)
  })
  return gzipSync(Uint8Array.from(bytes), { level: 9 })
}

/** Lays out the tiles in the order of their ids. Identical tiles are stored once. */
function layOut(tiles) {
  const stored = new Map()
  const chunks = []
  const entries = []
  let end = 0
  for (const { id, data } of tiles) {
    const hash = createHash('sha256').update(data).digest('hex')
    if (!stored.has(hash)) {
      stored.set(hash, end)
      chunks.push(data)
      end += data.length
    }
    const offset = stored.get(hash)
    const last = entries.at(-1)
    if (last && last.offset === offset && last.id + last.run === id) last.run++
    else entries.push({ id, run: 1, offset, length: data.length })
  }
  return { entries, data: Buffer.concat(chunks), contents: chunks.length }
}

/**
 * Writes a clustered PMTiles v3 archive with a single directory, which is enough for a few thousand tiles.
 *
 * @param {{ z: number, x: number, y: number, data: Uint8Array }[]} tiles In any order; data as stored.
 * @param {{ tileType: 1 | 4, gzip: boolean, metadata: object }} options Tile type 1 is MVT, 4 is WebP; `gzip` says whether the data is compressed with gzip.
 * @returns {Buffer}
 * @see https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
 */
export function writePmtiles(tiles, { tileType, gzip, metadata }) {
  const sorted = tiles
    .map(({ z, x, y, data }) => ({ id: zxyToTileId(z, x, y), data }))
    .sort((a, b) => a.id - b.id)
  const { entries, data, contents } = layOut(sorted)
  const directory = encodeDirectory(entries)
  if (directory.length > ROOT_LIMIT)
    throw new RangeError('too many tiles for a single directory; lower MAX_ZOOM')
  const json = gzipSync(JSON.stringify(metadata), { level: 9 })
  const zooms = tiles.map(({ z }) => z)

  const header = Buffer.alloc(HEADER_LENGTH)
  header.write('PMTiles')
  header.writeUInt8(3, 7)
  const dataStart = HEADER_LENGTH + directory.length + json.length
  const numbers = [
    HEADER_LENGTH,
    directory.length,
    HEADER_LENGTH + directory.length,
    json.length,
    dataStart,
    0,
    dataStart,
    data.length,
    tiles.length,
    entries.length,
    contents,
  ]
  for (const [index, number] of numbers.entries()) {
    header.writeBigUInt64LE(BigInt(number), 8 + index * 8)
  }
  header.writeUInt8(1, 96)
  header.writeUInt8(GZIP, 97)
  header.writeUInt8(gzip ? GZIP : NO_COMPRESSION, 98)
  header.writeUInt8(tileType, 99)
  header.writeUInt8(Math.min(...zooms), 100)
  header.writeUInt8(Math.max(...zooms), 101)
  const bounds = [-180, -85.0511287, 180, 85.0511287]
  for (const [index, degrees] of bounds.entries()) {
    header.writeInt32LE(Math.round(degrees * 1e7), 102 + index * 4)
  }
  header.writeUInt8(2, 118)
  header.writeInt32LE(10e7, 119)
  header.writeInt32LE(25e7, 123)
  return Buffer.concat([header, directory, json, data])
}
