import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTestIssuer, ISSUER } from '../../packages/guard/test/support/issuer.ts'
import { EDGE_RUNTIMES } from '../../scripts/edge-runtimes.mjs'
import {
  type RunningExample,
  readConfiguration,
  startExample,
} from '../support/edge/start-example.ts'
import { bundleWorker, runProgram } from '../support/edge/start-runtime.ts'
import { root } from '../support/repository.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import { startServer, type TestServer } from '../support/servers/start-server.ts'

const issuer = createTestIssuer()
const now = Math.floor(Date.now() / 1000)
const times = { iat: now, exp: now + 3600 }
const tokens = {
  ada: issuer.sign({ ...times, sub: 'ada' }),
  bob: issuer.sign({ ...times, sub: 'bob' }),
  other: issuer.signTiles({ tilesets: ['other'] }, times),
  low: issuer.signTiles({ tilesets: ['world'], maxzoom: 0 }, times),
}

describe('wrangler.jsonc', () => {
  const { main, cache, exports, routes, workers_dev, preview_urls } = readConfiguration()
  const worker = readFileSync(join(root, 'examples/edge', main), 'utf8')

  test('never lets Cloudflare answer in place of the guard, which is the default entrypoint', () => {
    expect(worker).toMatch(/export default \{\s*fetch: cachedGuard\(/)
    expect(exports.default?.cache.enabled).toBe(false)
  })

  test('caches exactly the entrypoint behind the guard; what it does not list would be cached', () => {
    const classes = [...worker.matchAll(/^export class (\w+) extends WorkerEntrypoint/gm)]
    const names = ['default', ...classes.map(([, name]) => name)]
    expect(cache.enabled).toBe(true)
    expect(Object.keys(exports).sort()).toEqual([...names].sort())
    const cached = Object.entries(exports).filter(([, entry]) => entry.cache.enabled)
    expect(cached.map(([name]) => name)).toEqual(['Tiles'])
    expect(worker).toContain('ctx.exports.Tiles({ props: share }).fetch(request)')
  })

  test('fails closed: no route of a zone, and no address of Cloudflare’s beside the domain', () => {
    expect(routes.every(({ custom_domain }) => custom_domain === true)).toBe(true)
    expect([workers_dev, preview_urls]).toEqual([false, false])
  })
})

const workerd = EDGE_RUNTIMES.find(({ name }) => name === 'workerd')

describe.skipIf(!workerd?.program)('in workerd', () => {
  let keys: TestServer
  beforeAll(async () => {
    keys = await startServer((request, response) => {
      const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      if (request.url === '/jwks.json') return void response.end(JSON.stringify(issuer.jwks))
      if (request.url !== '/world.pmtiles') return void response.writeHead(404).end()
      // The archives are on another server: what it learns of a visitor is nothing.
      expect(request.headers.authorization).toBeUndefined()
      const archive = readFileSync(join(root, 'examples/demo-data/world.pmtiles'))
      response.writeHead(206, { ETag: '"1"' }).end(archive.subarray(Number(from), Number(to) + 1))
    })
  })
  afterAll(() => keys.close())

  describe.each([
    ['worker.js', 'R2'],
    ['cache-api.js', 'R2'],
    ['cache-api.js', 'ranges of a URL'],
  ] as const)('%s with archives from %s', (file, from) => {
    let example: RunningExample
    beforeAll(async () => {
      const archives = from === 'R2' ? {} : { ARCHIVES: `${keys.url}/{tileset}.pmtiles` }
      example = await startExample(file, { ISSUER, JWKS: `${keys.url}/jwks.json`, ...archives })
      await example.setArchives(true)
    })
    afterAll(() => example.close())

    const ask = (path: string, token?: string, headers: Record<string, string> = {}) =>
      fetch(example.url + path, {
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      })

    test('serves tiles and TileJSON to a valid token only', async () => {
      const tile = await ask('/world/0/0/0.mvt', tokens.ada)
      expect([tile.status, tile.headers.get('content-type')]).toEqual([
        200,
        'application/vnd.mapbox-vector-tile',
      ])
      expect(tile.headers.get('cache-control')).toBe('private, max-age=3600')
      // The first tag of a layer: the tile has arrived as it is, compressed or not.
      expect(new Uint8Array(await tile.arrayBuffer())[0]).toBe(0x1a)
      const document = await (await ask('/world.json', tokens.ada)).json()
      expect(document).toMatchObject({ tiles: ['https://tiles.example/world/{z}/{x}/{y}.mvt'] })
      for (const path of ['/world/0/0/0.mvt', '/world.json'])
        expect((await ask(path)).status).toBe(401)
    })

    test('a renewal costs a 304', async () => {
      const etag = (await ask('/world/1/0/0.mvt', tokens.ada)).headers.get('etag') ?? ''
      expect(etag).toMatch(/^"[\w-]+-1-0-0"$/)
      const again = await ask('/world/1/0/0.mvt', tokens.bob, { 'if-none-match': etag })
      expect(again.status).toBe(304)
    })

    test('a restricted token gets no tile outside its claims, also if another user has loaded it', async () => {
      expect((await ask('/world/1/1/0.mvt', tokens.ada)).status).toBe(200)
      expect((await ask('/world/1/1/0.mvt', tokens.low)).status).toBe(403)
      expect((await ask('/world/0/0/0.mvt', tokens.low)).status).toBe(200)
      expect((await ask('/world/0/0/0.mvt', tokens.other)).status).toBe(403)
      expect((await ask('/world/1/1/0.mvt')).status).toBe(401)
    })

    test('what is not there is 404, and a tile without content 204', async () => {
      for (const path of ['/world/0/0/1.mvt', '/world/0/0/0.png', '/world/30/0/0.mvt'])
        expect([path, (await ask(path, tokens.ada)).status]).toEqual([path, 404])
      if (from === 'R2') expect((await ask('/absent.json', tokens.ada)).status).toBe(404)
    })

    // miniflare does not simulate Workers Caching.
    if (file === 'cache-api.js' && from === 'R2')
      test('two users share one copy: the second one needs no archive', async () => {
        const first = await ask('/world/2/1/1.mvt', tokens.ada)
        const bytes = await first.arrayBuffer()
        await example.setArchives(false)
        try {
          const second = await ask('/world/2/1/1.mvt', tokens.bob)
          expect([second.status, await second.arrayBuffer()]).toEqual([200, bytes])
          expect((await ask('/world/2/1/1.mvt', tokens.low)).status).toBe(403)
          expect((await ask('/world/2/1/1.mvt')).status).toBe(401)
        } finally {
          await example.setArchives(true)
        }
      })
  })
})

describe.each(EDGE_RUNTIMES.filter(({ name }) => name !== 'workerd'))(
  'server.$name.js',
  ({ name, program }) => {
    test.skipIf(!program)(
      'serves tiles of an archive by ranges, to a valid token only',
      async () => {
        const archive = readFileSync(join(root, 'examples/demo-data/world.pmtiles'))
        const files = await startServer((request, response) => {
          const [, from = '', to = ''] =
            /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
          if (request.url === '/jwks.json') response.end(JSON.stringify(issuer.jwks))
          else response.writeHead(206).end(archive.subarray(Number(from), Number(to) + 1))
        })
        onTestFinished(files.close)
        const port = await findFreePort()
        const script = await bundleWorker(`examples/edge/server.${name}.js`)
        const JWKS = `${files.url}/jwks.json`
        const env = { ISSUER, JWKS, ARCHIVES: `${files.url}/{tileset}.pmtiles`, PORT: String(port) }
        const { close } = runProgram(name, script, env)
        onTestFinished(close)
        const ask = async (headers: Record<string, string>) =>
          (await fetch(`http://127.0.0.1:${port}/world/0/0/0.mvt`, { headers })).status
        await expect.poll(() => ask({}).catch(() => 0), { timeout: 10_000 }).toBe(401)
        expect(await ask({ authorization: `Bearer ${tokens.ada}` })).toBe(200)
        expect(await ask({ authorization: `Bearer ${tokens.other}` })).toBe(403)
      },
    )
  },
)
