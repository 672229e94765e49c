import { isRecord } from '@tilepass/guard/broker'
import {
  Compression,
  findTile,
  type Header,
  PMTiles,
  ResolvedValueCache,
  type Source,
  TileType,
  zxyToTileId,
} from 'pmtiles'
import { openFileSource } from './file-source.ts'

/** A tileset read from a PMTiles file. */
export interface Tileset {
  readonly name: string
  /** File extensions of its tiles, the preferred one first. */
  readonly extensions: readonly string[]
  readonly contentType: string
  readonly header: Header
  readonly metadata: Readonly<Record<string, unknown>>
  readonly attribution: string | undefined
  /** Tells its file from every other one, and from what it was before it was written to. */
  readFileKey(): string | Promise<string>
  /** Does the tile exist in the tile pyramid, whether or not it is empty? */
  isInRange(z: number, x: number, y: number): boolean
  /** Are its tiles stored with gzip? */
  readonly isGzipped: boolean
  /** A tile as it is stored. Resolves to `undefined` where the tileset is empty. */
  findTile(z: number, x: number, y: number): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

const FORMATS: ReadonlyMap<TileType, { extensions: string[]; contentType: string }> = new Map([
  [TileType.Mvt, { extensions: ['mvt', 'pbf'], contentType: 'application/x-protobuf' }],
  [TileType.Webp, { extensions: ['webp'], contentType: 'image/webp' }],
  [TileType.Png, { extensions: ['png'], contentType: 'image/png' }],
  [TileType.Jpeg, { extensions: ['jpg', 'jpeg'], contentType: 'image/jpeg' }],
])
/** Levels of directories in a PMTiles v3 archive, at most. */
const MAX_DEPTH = 4

/**
 * Opens a tileset. Directories are cached, and read again once the file has changed; tiles are not, and
 * stay compressed as they are in the file.
 *
 * @throws `Error` if the file is missing, is not a PMTiles archive, or has tiles of an unknown type.
 */
export async function openTileset(
  name: string,
  path: string,
  attribution?: string,
): Promise<Tileset> {
  const source = await openFileSource(path)
  try {
    // Not SharedPromiseCache, which keeps a failed read for ever.
    const cache = new ResolvedValueCache()
    const header = await cache.getHeader(source)
    const format = FORMATS.get(header.tileType)
    const { tileCompression } = header
    const isGzipped = tileCompression === Compression.Gzip
    if (!format) throw new Error('its tile type is not supported; expected MVT, WebP, PNG or JPEG')
    if (
      !isGzipped &&
      tileCompression !== Compression.None &&
      tileCompression !== Compression.Unknown
    )
      throw new Error('its tile compression is not supported; expected gzip or none')
    const metadata = await readMetadata(source)

    return {
      name,
      ...format,
      header,
      metadata,
      attribution,
      isGzipped,
      readFileKey: () => source.readKey(),
      isInRange: (z, x, y) =>
        z >= header.minZoom && z <= header.maxZoom && x < 2 ** z && y < 2 ** z,
      findTile: async (z, x, y) => {
        const id = zxyToTileId(z, x, y)
        // The cache has one for each key of the source.
        const header = await cache.getHeader(source)
        let offset = header.rootDirectoryOffset
        let length = header.rootDirectoryLength
        for (let depth = 0; depth < MAX_DEPTH; depth++) {
          const entry = findTile(await cache.getDirectory(source, offset, length, header), id)
          if (!entry || entry.length === 0) return
          if (entry.runLength > 0) {
            const at = header.tileDataOffset + entry.offset
            const { data } = await source.getBytes(at, entry.length)
            return new Uint8Array(data)
          }
          offset = header.leafDirectoryOffset + entry.offset
          length = entry.length
        }
        throw new Error('The directories of the archive are nested too deeply')
      },
      close: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function readMetadata(source: Source): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = await new PMTiles(source).getMetadata()
  return isRecord(value) ? value : {}
}
