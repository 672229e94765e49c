import { VECTOR } from './map-resources.ts'

/** A vector tile whose layer `earth` is a square over the whole tile. */
export const EARTH: Buffer = Buffer.from(
  VECTOR.toString('hex').replace('1a1f0a046c616e64', '1a200a056561727468'),
  'hex',
)

/** A PMTiles archive of zooms 0 to 2. One entry stands for its 21 tiles, which are all the same. */
export function createArchive(tile: Buffer = VECTOR): Buffer {
  const directory = Buffer.from([1, 0, 21, tile.length, 1])
  const metadata = Buffer.from('{}')
  const header = Buffer.alloc(127)
  header.write('PMTiles')
  header[7] = 3
  const metadataStart = header.length + directory.length
  const tilesStart = metadataStart + metadata.length
  const numbers = [
    ...[header.length, directory.length, metadataStart, metadata.length, 0, 0],
    ...[tilesStart, tile.length, 21, 1, 1],
  ]
  for (const [index, value] of numbers.entries())
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * index)
  // Clustered; no compression; vector tiles.
  header.set([1, 1, 1, 1, 0, 2], 96)
  for (const [index, degrees] of [-180, -85, 180, 85].entries())
    header.writeInt32LE(degrees * 1e7, 102 + 4 * index)
  return Buffer.concat([header, directory, metadata, tile])
}
