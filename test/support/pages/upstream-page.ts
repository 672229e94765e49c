import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passOn } from '../brokers/second-broker.ts'
import { root } from '../repository.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'

const file = (...path: string[]) => join(root, ...path)
const maplibre = (name: string) => file('node_modules/maplibre-gl/dist', name)

/** What the pages of `examples/upstreams` load below /lib/. */
const LIBRARIES: Readonly<Record<string, readonly [type: string, path: string]>> = {
  '/lib/maplibre-gl.css': ['text/css', maplibre('maplibre-gl.css')],
  '/lib/maplibre-gl.mjs': ['text/javascript', maplibre('maplibre-gl.mjs')],
  '/lib/maplibre-gl-worker.mjs': ['text/javascript', maplibre('maplibre-gl-worker.mjs')],
  '/lib/maplibre-gl-shared.mjs': ['text/javascript', maplibre('maplibre-gl-shared.mjs')],
  '/lib/leaflet.css': ['text/css', file('node_modules/leaflet/dist/leaflet.css')],
  '/lib/leaflet.js': ['text/javascript', file('node_modules/leaflet/dist/leaflet.js')],
  '/lib/tilepass-maplibre.mjs': [
    'text/javascript',
    file('packages/maplibre/dist/tilepass-maplibre.mjs'),
  ],
  '/lib/tilepass-leaflet.iife.js': [
    'text/javascript',
    file('packages/leaflet/dist/tilepass-leaflet.iife.js'),
  ],
}

/**
 * Reads a file of an example.
 *
 * @param addresses Replacements for the addresses that the file names.
 * @throws Error if the file does not name one of them.
 */
export function readExample(path: string, addresses: Readonly<Record<string, string>>): string {
  let text = readFileSync(file('examples/upstreams', path), 'utf8')
  for (const [written, real] of Object.entries(addresses)) {
    if (!text.includes(written)) throw new Error(`${path} does not name ${written}`)
    text = text.replaceAll(written, real)
  }
  return text
}

/** Serves a page and its libraries, and passes `/map-token` on to a broker, as a reverse proxy does. */
export function servePage(html: string, broker: string): Promise<TestServer> {
  return startServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host')
    if (pathname === '/map-token') return passOn(request, response, broker, undefined)
    const [type, path] = LIBRARIES[pathname] ?? ['text/html; charset=utf-8', undefined]
    if (pathname !== '/' && path === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': type }).end(path ? readFileSync(path) : html)
  })
}
