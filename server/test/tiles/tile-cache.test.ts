import { copyFile, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { PMTiles } from 'pmtiles'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createTileCache } from '../../src/tiles/tile-cache.ts'
import { openTileset } from '../../src/tiles/tileset.ts'

const ARCHIVE = fileURLToPath(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const WORLD = { z: 0, x: 0, y: 0 }

/** A tileset of its own file, and a cache. */
async function start(mostBytes?: number) {
  const folder = await mkdtemp(join(tmpdir(), 'tilepass-tiles-'))
  const path = join(folder, 'world.pmtiles')
  await copyFile(ARCHIVE, path)
  const tileset = await openTileset('world', path)
  onTestFinished(async () => {
    await tileset.close()
    await rm(folder, { recursive: true })
  })
  return { path, tileset, cache: createTileCache(mostBytes) }
}

/** Changes a byte of the first tile that no reader of gzip looks at: its time. */
async function touchFirstTile(path: string) {
  const file = await open(path, 'r+')
  const head = Buffer.alloc(127)
  await file.read(head, 0, 127, 0)
  await file.write(Buffer.from([1]), 0, 1, Number(head.readBigUInt64LE(56)) + 4)
  await file.close()
}

describe('tiles that were asked for', () => {
  test('are kept as they are sent, with gzip and without', async () => {
    const { tileset, cache } = await start()
    const packed = await cache.find(tileset, { ...WORLD, acceptsGzip: true })
    const plain = await cache.find(tileset, { ...WORLD, acceptsGzip: false })
    expect(plain?.body).toEqual(gunzipSync(packed?.body ?? ''))
    expect(plain?.etag).not.toBe(packed?.etag)
    expect(await cache.find(tileset, { ...WORLD, acceptsGzip: true })).toBe(packed)
    expect(await cache.find(tileset, { ...WORLD, acceptsGzip: false })).toBe(plain)
  })

  test('are those that another reader finds in the archive', async () => {
    const { path, tileset, cache } = await start()
    const file = await open(path)
    onTestFinished(() => file.close())
    const source = {
      getKey: () => path,
      getBytes: async (offset: number, length: number) => {
        const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset)
        return { data: new Uint8Array(buffer).buffer }
      },
    }
    const reader = new PMTiles(source)
    for (const [z, x, y] of [
      [0, 0, 0],
      [2, 1, 1],
      [4, 8, 5],
    ] as const) {
      const tile = await cache.find(tileset, { z, x, y, acceptsGzip: false })
      const theirs = await reader.getZxy(z, x, y)
      expect(tile?.body).toEqual(theirs && Buffer.from(theirs.data))
    }
  })

  test('where a tileset is empty there is none', async () => {
    const { tileset, cache } = await start()
    expect(await cache.find(tileset, { z: 4, x: 15, y: 0, acceptsGzip: true })).toBeUndefined()
  })

  test('an archive that is written to has its new tiles a second later', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { path, tileset, cache } = await start()
    const before = await cache.find(tileset, { ...WORLD, acceptsGzip: true })
    await touchFirstTile(path)
    vi.advanceTimersByTime(1_000)
    const after = await cache.find(tileset, { ...WORLD, acceptsGzip: true })
    expect(after?.body[4]).toBe(1)
    expect(after?.etag).not.toBe(before?.etag)
  })

  test('take no more than the memory that they may', async () => {
    const { tileset, cache } = await start(1)
    const tile = await cache.find(tileset, { ...WORLD, acceptsGzip: true })
    expect(await cache.find(tileset, { ...WORLD, acceptsGzip: true })).not.toBe(tile)
  })
})
