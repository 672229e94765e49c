import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { createIssuer, type Issuer } from './issuer.ts'

const root = join(import.meta.dirname, '../../..')
const dist = (name: string, file: string) => join(root, 'node_modules', name, 'dist', file)

/** Scripts of map libraries and the built files of Tilepass, as a page without a bundler loads them. */
export const LIBRARIES: Record<string, string> = {
  '/lib/tilepass-maplibre.mjs': join(root, 'packages/maplibre/dist/tilepass-maplibre.mjs'),
  '/lib/tilepass-maplibre.iife.js': join(root, 'packages/maplibre/dist/tilepass-maplibre.iife.js'),
  '/lib/tilepass-leaflet.iife.js': join(root, 'packages/leaflet/dist/tilepass-leaflet.iife.js'),
  '/lib/maplibre-6/maplibre-gl.mjs': dist('maplibre-gl', 'maplibre-gl.mjs'),
  '/lib/maplibre-6/maplibre-gl-worker.mjs': dist('maplibre-gl', 'maplibre-gl-worker.mjs'),
  '/lib/maplibre-6/maplibre-gl-shared.mjs': dist('maplibre-gl', 'maplibre-gl-shared.mjs'),
  '/lib/maplibre-5.js': dist('maplibre-gl-5', 'maplibre-gl.js'),
  '/lib/maplibre-4.js': dist('maplibre-gl-4', 'maplibre-gl.js'),
  '/lib/leaflet-1.js': dist('leaflet', 'leaflet.js'),
  '/lib/leaflet-2.js': dist('leaflet-2', 'leaflet-global.js'),
  '/lib/leaflet-fallback.js': dist('leaflet.tilelayer.fallback', 'leaflet.tilelayer.fallback.js'),
  '/lib/leaflet-colorfilter.js': dist(
    'leaflet.tilelayer.colorfilter',
    'leaflet-tilelayer-colorfilter-global.min.js',
  ),
  '/lib/leaflet-maplibre.js': join(
    root,
    'node_modules/@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js',
  ),
  '/lib/leaflet-protomaps.js': dist('protomaps-leaflet', 'protomaps-leaflet.js'),
  '/lib/tilepass-pmtiles.mjs': join(root, 'packages/core/dist/pmtiles.js'),
  '/lib/pmtiles.mjs': dist('pmtiles', 'esm/index.js'),
  '/lib/fflate.mjs': join(root, 'node_modules/fflate/esm/browser.js'),
}

/** What the servers saw, for assertions. */
export interface Counts {
  exchanges: number
  tiles: number
  refused: number
  preflights: number
  /** Tokens that arrived at the host nobody allowed. */
  leaked: string[]
}

export interface Servers {
  /** Serves the pages, the exchange and tiles. */
  readonly page: string
  /** Serves tiles on another origin. */
  readonly tiles: string
  /** A host that no rule names; remembers every credential that reaches it. */
  readonly stranger: string
  readonly counts: Counts
  readonly issuer: Issuer
  /** Lifetime of the tokens that are issued, in ms. */
  lifetime: number
  /** How the exchange behaves. */
  broker: 'works' | 'fails' | 'hangs' | 'denies'
  /** The status with which a resource is refused whatever its token, where a test wants that. */
  refuse: ((path: string) => number | undefined) | undefined
  /** Resources that a test adds, by path; they can be read in parts. */
  readonly files: Record<string, Buffer>
  /** Every request for a resource, with its answer. */
  readonly log: { path: string; status: number; token: string | undefined }[]
  /** Every token is refused, whatever its age. */
  refusing: boolean
  /** Milliseconds that the answer to a resource takes. */
  delay: number
  close(): Promise<void>
}

/** A PNG of one colour, made here so that no image is needed. */
function png(size: number, [r, g, b]: [number, number, number]): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length)
    body.copy(out, 4)
    out.writeUInt32BE(crc(body), body.length + 4)
    return out
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([
    Buffer.from([0]),
    Buffer.alloc(size * 3).map((_, i) => [r, g, b][i % 3] ?? 0),
  ])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)))
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc(data: Buffer): number {
  let value = ~0
  for (const byte of data) {
    value ^= byte
    for (let bit = 0; bit < 8; bit += 1)
      value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return ~value >>> 0
}

/** A raster tile. */
export const TILE = png(256, [40, 120, 90])
/** Elevation 0 in the Mapbox encoding. */
const DEM = png(256, [1, 134, 160])
/** A vector tile with one layer `land`: a square over the whole tile. */
export const VECTOR = Buffer.from(
  '1a1f0a046c616e6412121803220e0900001a804000008040ff3f000f2880207802',
  'hex',
)

/** Starts a page server, a tile server on a second origin and a stranger, all on free ports. */
export async function startServers(
  pages: Record<string, (servers: Servers) => string>,
): Promise<Servers> {
  const issuer = createIssuer()
  const counts: Counts = { exchanges: 0, tiles: 0, refused: 0, preflights: 0, leaked: [] }
  const credential = (request: IncomingMessage) =>
    /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ??
    new URL(request.url ?? '/', 'http://host').searchParams.get('access_token') ??
    undefined

  function exchange(response: ServerResponse): void {
    counts.exchanges += 1
    if (servers.broker === 'hangs') return
    if (servers.broker === 'fails' || servers.broker === 'denies') {
      response
        .writeHead(servers.broker === 'fails' ? 500 : 403, { 'content-type': 'application/json' })
        .end('{"error":"server_error"}')
      return
    }
    response
      .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(JSON.stringify(issuer.issue(servers.lifetime)))
  }

  function resource(request: IncomingMessage, response: ServerResponse, path: string): void {
    const cors = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*, authorization',
      'access-control-expose-headers': 'Content-Range, ETag, Retry-After, Date',
      'access-control-max-age': '600',
    }
    if (request.method === 'OPTIONS') {
      counts.preflights += 1
      response.writeHead(204, cors).end()
      return
    }
    counts.tiles += 1
    const token = credential(request)
    response.on('finish', () => servers.log.push({ path, status: response.statusCode, token }))
    const good = !servers.refusing && issuer.accepts(token)
    const refusal = servers.refuse?.(path) ?? (good ? undefined : 401)
    if (refusal !== undefined) {
      counts.refused += 1
      response
        .writeHead(refusal, { ...cors, 'www-authenticate': 'Bearer', 'cache-control': 'no-store' })
        .end('{}')
      return
    }
    const send = (type: string, body: Buffer | string) =>
      setTimeout(() => {
        response
          .writeHead(200, { ...cors, 'content-type': type, 'cache-control': 'no-store' })
          .end(body)
      }, servers.delay)
    const file = servers.files[path]
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (file && from && to) {
      const part = file.subarray(+from, +to + 1)
      const range = `bytes ${from}-${+from + part.length - 1}/${file.length}`
      response.writeHead(206, { ...cors, 'content-range': range, 'cache-control': 'no-store' })
      response.end(part)
    } else if (file) send('application/octet-stream', file)
    else if (path.includes('/missing/')) response.writeHead(404, cors).end('{}')
    else if (path.endsWith('.mvt')) send('application/x-protobuf', VECTOR)
    else if (path.includes('/dem/')) send('image/png', DEM)
    else if (path.endsWith('.geojson'))
      send('application/json', '{"type":"FeatureCollection","features":[]}')
    else if (path.endsWith('tiles.json')) {
      const own = `http://${request.headers.host}`
      send(
        'application/json',
        JSON.stringify({
          tilejson: '3.0.0',
          tiles: [`${own}/v1/vector/{z}/{x}/{y}.mvt`],
          maxzoom: 14,
        }),
      )
    } else if (path.endsWith('style.json')) {
      send('application/json', '{"version":8,"sources":{},"layers":[]}')
    } else if (path.endsWith('sprite.json') || path.endsWith('sprite@2x.json'))
      send('application/json', '{"dot":{"x":0,"y":0,"width":16,"height":16,"pixelRatio":1}}')
    else if (path.includes('/glyphs/')) send('application/x-protobuf', Buffer.alloc(0))
    else send('image/png', TILE)
  }

  const listen = async (
    handler: (request: IncomingMessage, response: ServerResponse, path: string) => void,
  ) => {
    const server = createServer((request, response) =>
      handler(request, response, new URL(request.url ?? '/', 'http://host').pathname),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  const page = await listen((request, response, path) => {
    if (path === '/map-token') return exchange(response)
    if (path.startsWith('/v1/')) return resource(request, response, path)
    const library = LIBRARIES[path]
    if (library) {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(library))
      return
    }
    const html = pages[path]
    response
      .writeHead(html ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' })
      .end(html ? html(servers) : 'not found')
  })
  const tiles = await listen(resource)
  const stranger = await listen((request, response) => {
    const found = credential(request)
    if (found !== undefined || JSON.stringify(request.headers).includes('canary')) {
      counts.leaked.push(`${request.url} ${JSON.stringify(request.headers)}`)
    }
    response
      .writeHead(200, {
        'access-control-allow-origin': '*',
        'access-control-allow-headers': '*, authorization',
        'content-type': 'image/png',
      })
      .end(TILE)
  })
  const servers: Servers = {
    page: page.url,
    tiles: tiles.url,
    stranger: stranger.url,
    counts,
    issuer,
    lifetime: 60_000,
    broker: 'works',
    refuse: undefined,
    files: {},
    log: [],
    refusing: false,
    delay: 0,
    async close() {
      for (const { server } of [page, tiles, stranger]) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
  return servers
}
