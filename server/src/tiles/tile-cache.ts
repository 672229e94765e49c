import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import type { Tileset } from './tileset.ts'

/** A tile as it is sent. */
export interface ServedTile {
  readonly body: Buffer
  readonly etag: string
}

/** How the tile is sent, and where it is in the tile pyramid. */
export interface WantedTile {
  readonly z: number
  readonly x: number
  readonly y: number
  /** Tiles that are not stored with gzip are sent without it in any case. */
  readonly acceptsGzip: boolean
}

/** Finds tiles, and keeps those that were asked for last. */
export interface TileCache {
  /** Resolves to `undefined` where the tileset is empty. */
  find(tileset: Tileset, wanted: WantedTile): Promise<ServedTile | undefined>
}

/** Most memory that all tiles together may take, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024
/** What an entry takes besides its body, in bytes; about. */
const ENTRY_BYTES = 300

const unpack = promisify(gunzip)

/**
 * Creates the cache of the tiles of all tilesets. Tiles are kept as they are sent, under the key of
 * their file, which changes with it.
 */
export function createTileCache(mostBytes = MOST_BYTES): TileCache {
  const tiles = new LRUCache<string, ServedTile>({
    maxSize: mostBytes,
    sizeCalculation: ({ body }) => body.length + ENTRY_BYTES,
  })
  return {
    find: async (tileset, { z, x, y, acceptsGzip }) => {
      const file = await tileset.readFileKey()
      const key = `${file}/${z}/${x}/${y}${acceptsGzip ? '.gz' : ''}`
      const known = tiles.get(key)
      if (known) return known
      const stored = await tileset.findTile(z, x, y)
      if (!stored) return
      const body =
        tileset.isGzipped && !acceptsGzip ? await unpack(stored) : Buffer.from(stored.buffer)
      const tile = { body, etag: `"${hash('sha256', body, 'base64url').slice(0, 27)}"` }
      tiles.set(key, tile)
      return tile
    },
  }
}
