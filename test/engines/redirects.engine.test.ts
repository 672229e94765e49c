import { readFileSync } from 'node:fs'
import express, { type Express } from 'express'
import { expect, inEachEngine, runScenario, test } from '../support/engines/engine-test.ts'
import type { CreateServers } from '../support/engines/site.ts'
import { TILE, VECTOR } from '../support/pages/map-resources.ts'
import { createOpaqueIssuer } from '../support/pages/opaque-issuer.ts'
import { demoData } from '../support/repository.ts'
import type { Loaded } from './redirects.scenario.ts'

const ARCHIVE = readFileSync(demoData('world.pmtiles'))
const POINT = { type: 'Point', coordinates: [10, 50] }
/** As a bucket signs: whoever has the URL may read. */
const SIGNATURE = 'X-Amz-Signature=0123abcd'

const createStyle = (base: string) => ({
  version: 8,
  sources: {
    land: { type: 'vector', url: `${base}/tiles.json` },
    point: { type: 'geojson', data: `${base}/point.geojson` },
  },
  layers: [
    { id: 'land', type: 'fill', source: 'land', 'source-layer': 'land' },
    { id: 'point', type: 'circle', source: 'point' },
  ],
})

/** A bucket of another origin. It answers as one that is open to every origin, with no header named. */
function createBucket(urls: Readonly<Record<string, string>>): Express {
  const app = express()
  app.use((request, response, next) => {
    const requested = request.headers['access-control-request-headers']
    response.set('Access-Control-Allow-Origin', '*').set('Cache-Control', 'no-store')
    response.set('Access-Control-Expose-Headers', 'ETag, Content-Range')
    if (requested) response.set('Access-Control-Allow-Headers', requested)
    if (request.method === 'OPTIONS') response.status(204).end()
    else next()
  })
  app.get('/:origin/refuse/:status/*rest', ({ params }, response) => {
    response.status(Number(params.status)).send('<Error><Code>AccessDenied</Code></Error>')
  })
  app.get('/:origin/style.json', ({ params }, response) => {
    response.json(createStyle(`${urls[params.origin]}/v1`))
  })
  app.get('/:origin/tiles.json', ({ params }, response) => {
    const tiles = [`${urls[params.origin]}/v1/land/{z}/{x}/{y}.mvt`]
    response.json({ tilejson: '3.0.0', tiles, maxzoom: 4 })
  })
  app.get('/:origin/point.geojson', (_request, response) => void response.json(POINT))
  app.get('/:origin/land/*rest', (_request, response) => void response.send(VECTOR))
  app.get('/:origin/tiles/*rest', (_request, response) => void response.type('png').send(TILE))
  app.get('/:origin/world.pmtiles', ({ headers }, response) => {
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    const part = ARCHIVE.subarray(+from, +to + 1)
    const range = `bytes ${from}-${+from + part.length - 1}/${ARCHIVE.length}`
    response.status(206).set({ 'Content-Range': range, ETag: '"1"' }).send(part)
  })
  return app
}

/** A page server and a tile server that look at the token and redirect whatever is below `/v1/`. */
const createServers: CreateServers = (urls) => {
  const issuer = createOpaqueIssuer()
  const createTiles = (origin: string) => {
    const app = express()
    app.use('/v1', ({ method, headers, path }, response) => {
      response.set('Access-Control-Allow-Origin', '*').set('Cache-Control', 'no-store')
      response.set('Access-Control-Allow-Headers', 'Authorization, Range')
      const token = headers.authorization?.replace('Bearer ', '')
      if (method === 'OPTIONS') response.status(204).end()
      else if (!issuer.accepts(token)) response.status(401).end()
      else {
        const status = path === '/tiles.json' ? 307 : 302
        response.redirect(status, `${urls.bucket}/${origin}${path}?${SIGNATURE}`)
      }
    })
    return app
  }
  const page = createTiles('page')
  page.post('/map-token', (_request, response) => {
    response.set('Cache-Control', 'no-store').json(issuer.issue(300_000))
  })
  return { page, tiles: createTiles('tiles'), bucket: createBucket(urls) }
}

inEachEngine('redirects to a presigned URL of another origin', (engine) => {
  test('everything loads, the bucket sees no token, and its refusals cause no exchange', async () => {
    const { errors, result, requests } = await runScenario<Record<string, Loaded>>(
      engine,
      'engines/redirects.scenario.ts',
      createServers,
    )
    expect(errors).toEqual([])
    const loaded: Loaded = {
      failed: { maplibre: 0, leaflet: 0 },
      style: { errors: [], features: { land: expect.any(Number), point: 1 } },
      archive: { maxZoom: 5, bytes: expect.any(Number) },
      refused: { 401: expect.any(Object), 403: expect.any(Object) },
    }
    expect(result).toEqual({ page: loaded, tiles: loaded })
    for (const { style, refused } of Object.values(result)) {
      expect(style.features.land).toBeGreaterThan(0)
      // Two places of 6 × 5 tiles; MapLibre also tries the tiles above them.
      for (const failures of Object.values(refused).flatMap(Object.values))
        expect(failures).toBeGreaterThanOrEqual(60)
    }
    const atBucket = requests.filter(({ server }) => server === 'bucket')
    expect(atBucket.filter(({ method }) => method === 'GET').length).toBeGreaterThan(300)
    expect(atBucket.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
    expect(JSON.stringify(atBucket)).not.toContain('canary')
    // One token for each origin, when its first tile is loaded. Later 240 tiles of each were refused.
    const exchanges = requests.filter(({ path }) => path === '/map-token')
    expect(exchanges.map(({ phase }) => phase)).toEqual([
      'page: tiles, maplibre',
      'tiles: tiles, maplibre',
    ])
  })
})
