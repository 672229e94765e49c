import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type BrokerOptions, ConfigError, createBroker } from '../../../src/index.ts'
import { parseTilePath } from '../../../src/surfaces/geog/tiles-routes.ts'
import { makeDataFolder, startBroker } from '../../support/broker-under-test.ts'

const demo = (name: string) =>
  fileURLToPath(new URL(`../../../../examples/demo-data/${name}`, import.meta.url))
const tilesets = {
  world: { path: demo('world.pmtiles'), attribution: 'Natural Earth' },
  'world-raster': { path: demo('world-raster.pmtiles') },
}

async function startTiles(options: BrokerOptions = {}) {
  const running = await startBroker({ tilesets, ...options })
  const token: string = (await (await running.post('/map-token')).json()).access_token
  const authorization = `Bearer ${token}`
  return {
    ...running,
    token,
    ask: (path: string, headers: Record<string, string> = {}) =>
      fetch(`${running.url}/v1/tiles/${path}`, { headers: { authorization, ...headers } }),
  }
}

/** A response as it is on the wire; fetch would decompress it. */
function getRaw(url: string, headers: Record<string, string>) {
  return new Promise<{ encoding: string | undefined; etag: string | undefined; body: Buffer }>(
    (resolve) => {
      get(url, { headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const { etag, 'content-encoding': encoding } = response.headers
          resolve({ encoding, etag, body: Buffer.concat(chunks) })
        })
      })
    },
  )
}

test('the demo tilesets exist', () => {
  for (const { path } of Object.values(tilesets)) expect(existsSync(path)).toBe(true)
})

describe('a tile', () => {
  test.each([
    ['world/0/0/0.mvt', 'application/x-protobuf'],
    ['world/0/0/0.pbf', 'application/x-protobuf'],
    ['world-raster/1/1/0.webp', 'image/webp'],
  ])('%s is %s', async (path, type) => {
    const { ask } = await startTiles()
    const response = await ask(path)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100)
  })

  test('is sent with nosniff, and so are refusals', async () => {
    const { ask } = await startTiles()
    for (const [path, authorization] of [
      ['world/0/0/0.mvt', undefined],
      ['world/metadata', undefined],
      ['world/0/0/0.mvt', 'Bearer x'],
      ['nowhere/0/0/0.mvt', undefined],
    ] as const) {
      const response = await ask(path, authorization === undefined ? {} : { authorization })
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('is compressed only for clients that accept it, with an ETag of its own', async () => {
    const { url, token } = await startTiles()
    const tile = `${url}/v1/tiles/world/0/0/0.mvt?access_token=${token}`
    const packed = await getRaw(tile, { 'accept-encoding': 'gzip' })
    const plain = await getRaw(tile, {})
    const refused = await getRaw(tile, { 'accept-encoding': 'gzip;q=0' })
    expect([packed.encoding, plain.encoding, refused.encoding]).toEqual([
      'gzip',
      undefined,
      undefined,
    ])
    expect(gunzipSync(packed.body)).toEqual(plain.body)
    expect(packed.etag).not.toBe(plain.etag)
  })

  test('G4: is private, varies by token, and is answered with 304 after a renewal', async () => {
    const { ask, post } = await startTiles()
    const first = await ask('world/0/0/0.mvt')
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"/)
    expect(first.headers.get('cache-control')).toBe('private, max-age=3600')
    expect(first.headers.get('vary')).toMatch(/Authorization.*Accept-Encoding/)
    const renewed = (await (await post('/map-token')).json()).access_token
    const again = await ask('world/0/0/0.mvt', {
      authorization: `Bearer ${renewed}`,
      'if-none-match': etag,
    })
    expect(again.status).toBe(304)
  })

  test('is 204 if it is empty', async () => {
    const { ask } = await startTiles()
    const seen = new Set<number>()
    for (let x = 0; x < 32 && !seen.has(204); x++)
      for (let y = 0; y < 32 && !seen.has(204); y++)
        seen.add((await ask(`world/5/${x}/${y}.mvt`)).status)
    expect(seen).toContain(204)
  })

  test.each([
    ['world/0/0/0.png', 400, 'INVALID_REQUEST'],
    ['world/0/0/0', 400, 'INVALID_REQUEST'],
    ['world-raster/0/0/0.mvt', 400, 'INVALID_REQUEST'],
    ['world/a/0/0.mvt', 400, 'INVALID_REQUEST'],
    ['world/0/0/-1.mvt', 400, 'INVALID_REQUEST'],
    ['world/00/0/0.mvt', 400, 'INVALID_REQUEST'],
    ['world/%ff/0/0.mvt', 400, 'INVALID_REQUEST'],
    ['world/0/1/0.mvt', 404, 'NOT_FOUND'],
    ['world/0/0/1.mvt', 404, 'NOT_FOUND'],
    ['world/30/0/0.mvt', 404, 'NOT_FOUND'],
    ['absent/0/0/0.mvt', 404, 'NOT_FOUND'],
    ['__proto__/0/0/0.mvt', 404, 'NOT_FOUND'],
    ['world%2f0/0/0/0.mvt', 404, 'NOT_FOUND'],
    ['world', 404, 'NOT_FOUND'],
    ['absent/metadata', 404, 'NOT_FOUND'],
  ])('%s is %i', async (path, status, code) => {
    const { ask } = await startTiles()
    const response = await ask(path)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ success: false, code })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('T12: without a token is 401, with another scope 403', async () => {
    const { url, ask, createToken } = await startTiles()
    const missing = await fetch(`${url}/v1/tiles/absent/0/0/0.mvt`)
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    const other = { authorization: `Bearer ${await createToken('places:read')}` }
    expect((await ask('world/0/0/0.mvt', other)).status).toBe(403)
  })
})

test('parseTilePath reads the coordinates of a tile', () => {
  expect(parseTilePath({ z: '3', x: '4', file: '5.pbf' }, ['mvt', 'pbf'])).toEqual({
    z: 3,
    x: 4,
    y: 5,
  })
})

describe('TileJSON', () => {
  test('names the layers, and tiles at the public URL', async () => {
    const { ask } = await startTiles({ publicUrl: 'https://maps.example/api' })
    expect(await (await ask('world/metadata')).json()).toMatchObject({
      tilejson: '3.0.0',
      tiles: ['https://maps.example/api/v1/tiles/world/{z}/{x}/{y}.mvt'],
      attribution: 'Natural Earth',
      minzoom: 0,
      vector_layers: expect.arrayContaining([expect.objectContaining({ id: expect.any(String) })]),
    })
  })

  test('names tiles at the URL of the listener if no public URL is configured', async () => {
    const { ask, url } = await startTiles()
    const { tiles } = await (await ask('world-raster/metadata')).json()
    expect(tiles).toEqual([`${url}/v1/tiles/world-raster/{z}/{x}/{y}.webp`])
  })
})

test('a file that is not a PMTiles archive stops the start', async () => {
  const options = {
    data: makeDataFolder(),
    tilesets: { a: { path: '/nowhere' }, b: { path: fileURLToPath(import.meta.url) } },
  }
  const start = createBroker(options)
  await expect(start).rejects.toThrow(ConfigError)
  await expect(start).rejects.toThrow(/tilesets\.a\.path[\s\S]*tilesets\.b\.path/)
})
