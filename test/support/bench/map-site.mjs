// @ts-check
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { root } from '../../../scripts/setup.mjs'

/** A token that the site accepts from the start. */
export const STATIC_TOKEN = 'static'

/** @param {string} path */
const library = (path) => ({ type: 'text/javascript', body: readFileSync(join(root, path)) })

const PNG = {
  type: 'image/png',
  body: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
}
/** A vector tile whose layer `land` is a square over the whole tile. */
const VECTOR = {
  type: 'application/x-protobuf',
  body: Buffer.from('1a1f0a046c616e6412121803220e0900001a804000008040ff3f000f2880207802', 'hex'),
}

/** @param {object} value */
export const json = (value) => ({ type: 'application/json', body: JSON.stringify(value) })

/**
 * Starts a site on a free port: pages, the libraries at `/lib/`, private resources below `/v1/`, and the
 * endpoint `/map-token`.
 *
 * @param {Readonly<Record<string, { type: string, body: string | Buffer }>>} files By path. Those below
 *   `/v1/` need a token.
 * @param {{ latency?: number, lifetime?: number }} [options] What is added to each answer, in ms; the
 *   `expires_in` of tokens, in seconds.
 */
export async function startMapSite(files, { latency = 0, lifetime = 3600 } = {}) {
  const libraries = {
    '/lib/maplibre-gl.mjs': library('node_modules/maplibre-gl/dist/maplibre-gl.mjs'),
    '/lib/maplibre-gl-worker.mjs': library('node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs'),
    '/lib/maplibre-gl-shared.mjs': library('node_modules/maplibre-gl/dist/maplibre-gl-shared.mjs'),
    '/lib/leaflet.js': library('node_modules/leaflet/dist/leaflet.js'),
    '/lib/tilepass-maplibre.mjs': library('packages/maplibre/dist/tilepass-maplibre.mjs'),
    '/lib/tilepass-leaflet.js': library('packages/leaflet/dist/tilepass-leaflet.iife.js'),
  }
  /** @type {Record<string, { type: string, body: string | Buffer }>} */
  const resources = { ...libraries, ...files }
  const accepted = new Set([STATIC_TOKEN])
  const counts = { exchanges: 0, tiles: 0, refused: 0 }

  function exchange() {
    counts.exchanges += 1
    const token = `token-${counts.exchanges}`
    accepted.add(token)
    return json({ access_token: token, token_type: 'Bearer', expires_in: lifetime })
  }

  /** @param {string} path */
  function find(path) {
    if (path === '/map-token') return exchange()
    if (path.endsWith('.png')) return PNG
    return path.endsWith('.mvt') ? VECTOR : resources[path]
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host')
    const header = request.headers.authorization?.replace('Bearer ', '')
    const token = header ?? searchParams.get('access_token') ?? ''
    if (pathname.startsWith('/v1/')) counts.tiles += 1
    setTimeout(() => {
      if (pathname.startsWith('/v1/') && !accepted.has(token)) {
        counts.refused += 1
        response.writeHead(401).end()
        return
      }
      const { type, body } = find(pathname) ?? { type: 'text/plain', body: 'not found' }
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body)
    }, latency)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    close: () => server.close().closeAllConnections(),
  }
}
