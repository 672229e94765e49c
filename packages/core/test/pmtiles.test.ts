import { readFileSync } from 'node:fs'
import { PMTiles, Protocol } from 'pmtiles'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTokenManager, type TokenManager } from '../src/index.ts'
import { createPmtilesArchive } from '../src/pmtiles.ts'
import { type FileServer, startFileServer } from './support/file-server.ts'

const WORLD = readFileSync(new URL('../../../examples/demo-data/world.pmtiles', import.meta.url))
const RASTER = readFileSync(
  new URL('../../../examples/demo-data/world-raster.pmtiles', import.meta.url),
)

let server: FileServer
let tokens: TokenManager
let archive: PMTiles
let url: string

beforeEach(async () => {
  server = await startFileServer()
  server.file = WORLD
  url = `${server.base}/v1/world.pmtiles`
  tokens = createTokenManager(`${server.base}/map-token`, { allow: [`${server.base}/v1/`] })
  archive = createPmtilesArchive(tokens, url)
})
afterEach(async () => {
  tokens.dispose()
  await server.close()
})

/** The archive read without a server between. */
function read(file: Buffer): PMTiles {
  const getBytes = async (offset: number, length: number) => ({
    data: new Uint8Array(file.subarray(offset, offset + length)).buffer,
  })
  return new PMTiles({ getKey: () => 'file', getBytes })
}

test('creating an archive makes no request, and its key is the URL', async () => {
  expect(archive).toBeInstanceOf(PMTiles)
  expect(archive.source.getKey()).toBe(url)
  expect(server.seen).toEqual([])
  expect(server.issued).toBe(0)
})

test('tiles and metadata are read with the token, in ranges', async () => {
  const [tile, expected] = await Promise.all([archive.getZxy(0, 0, 0), read(WORLD).getZxy(0, 0, 0)])
  expect(tile?.data).toEqual(expected?.data)
  expect(await archive.getMetadata()).toEqual(await read(WORLD).getMetadata())
  expect(await archive.getZxy(20, 1, 1)).toBeUndefined()
  expect(server.seen.every(({ range, status }) => range && status === 206)).toBe(true)
  expect(server.issued).toBe(1)
})

test('sixteen tiles at once read the header once', async () => {
  const tiles = Array.from({ length: 16 }, (_, index) => archive.getZxy(2, index % 4, index >> 2))
  expect((await Promise.all(tiles)).some((tile) => tile)).toBe(true)
  expect(server.seen.filter(({ range }) => range.startsWith('bytes=0-'))).toHaveLength(1)
})

test('aborting one tile’s request does not affect the others that need the directory', async () => {
  const abort = new AbortController()
  const given = archive.getZxy(1, 0, 0, abort.signal)
  const other = archive.getZxy(1, 0, 0)
  abort.abort()
  await expect(given).rejects.toMatchObject({ name: 'AbortError' })
  expect((await other)?.data.byteLength).toBeGreaterThan(0)
})

test('a refused token is replaced while the tile waits', async () => {
  server.refused = 1
  expect((await archive.getZxy(0, 0, 0))?.data.byteLength).toBeGreaterThan(0)
  expect(server.seen.map(({ status }) => status)).toEqual([401, 206, 206])
  expect(server.issued).toBe(2)
})

test.each([401, 403, 404, 500])(
  'after %i the error has the status, and the archive asks again',
  async (status) => {
    server.intercept = (_request, response) => {
      response.writeHead(status).end('canary-1')
      return true
    }
    const failed = archive.getZxy(0, 0, 0)
    await expect(failed).rejects.toMatchObject({ status })
    await expect(failed).rejects.not.toThrow(/canary/)
    await expect(archive.getHeader()).rejects.toMatchObject({ status })
    server.intercept = undefined
    expect((await archive.getZxy(0, 0, 0))?.data.byteLength).toBeGreaterThan(0)
  },
)

test('an archive that is replaced while the map is open is read anew', async () => {
  await archive.getZxy(0, 0, 0)
  server.file = RASTER
  server.etag = '"2"'
  const tiles = await Promise.all([archive.getZxy(0, 0, 0), archive.getZxy(1, 0, 0)])
  const expected = await read(RASTER).getZxy(0, 0, 0)
  expect(tiles[0]?.data).toEqual(expected?.data)
  expect((await archive.getHeader()).tileType).toBe((await read(RASTER).getHeader()).tileType)
})

test('an archive that has become shorter than the requested range is read anew', async () => {
  const header = await archive.getHeader()
  const source = archive.source
  await expect(source.getBytes(WORLD.length + 10, 10, undefined, header.etag)).rejects.toThrow(
    /replaced/,
  )
  expect((await archive.getZxy(0, 0, 0))?.data.byteLength).toBeGreaterThan(0)
})

test('an archive shorter than the first range is read from servers that refuse the range', async () => {
  server.file = WORLD.subarray(0, 5000)
  server.intercept = ({ headers }, response) => {
    if (headers.range !== 'bytes=0-16383') return false
    response.writeHead(416, { 'content-range': 'bytes */5000' }).end()
    return true
  }
  const { data } = await archive.source.getBytes(0, 16384)
  expect(data.byteLength).toBe(5000)
})

test('a weak ETag says nothing about bytes', async () => {
  server.etag = 'W/"1"'
  await archive.getZxy(0, 0, 0)
  server.etag = 'W/"2"'
  expect((await archive.getZxy(1, 0, 0))?.data.byteLength).toBeGreaterThan(0)
  expect((await archive.getHeader()).etag).toBeUndefined()
})

test('a server without ranges is recognised, and the file is not read to its end', async () => {
  server.intercept = (_request, response) => {
    response.writeHead(200, { 'content-length': WORLD.length }).end(WORLD)
    return true
  }
  await expect(archive.getZxy(0, 0, 0)).rejects.toThrow(/range requests/)
})

test('if a range request returns the whole archive, as with If-Range, it is repeated without the cache', async () => {
  let answers = 0
  server.intercept = (_request, response) => {
    if (answers++) return false
    response.writeHead(200, { etag: '"2"', 'content-length': WORLD.length }).end(WORLD)
    return true
  }
  expect((await archive.getHeader()).etag).toBe('"1"')
  expect(server.seen.map(({ status }) => status)).toEqual([200, 206])
})

test('the protocol of pmtiles finds the archive by the URL in the style', async () => {
  const protocol = new Protocol()
  protocol.add(archive)
  const abort = new AbortController()
  const { data } = (await protocol.tilev4(
    { url: `pmtiles://${url}/0/0/0`, type: 'arrayBuffer' },
    abort,
  )) as { data: Uint8Array }
  expect(data.byteLength).toBeGreaterThan(0)
  expect(server.seen.every(({ status }) => status === 206)).toBe(true)
})
