import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { passOn } from '../../../server/test/upstreams/fault-proxy.ts'

const root = join(import.meta.dirname, '../../..')
const file = (...path: string[]) => join(root, ...path)
const maplibre = (name: string) => file('node_modules/maplibre-gl/dist', name)

/** What the pages of examples/upstreams name below /lib/. */
const LIBRARIES: Readonly<Record<string, readonly [string, string]>> = {
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

/** A file of an example, with other addresses in place of those it names. */
export function readExample(path: string, addresses: Readonly<Record<string, string>>): string {
  let text = readFileSync(file('examples/upstreams', path), 'utf8')
  for (const [written, real] of Object.entries(addresses)) {
    if (!text.includes(written)) throw new Error(`${path} does not name ${written}`)
    text = text.replaceAll(written, real)
  }
  return text
}

/** A server that a test can end. */
export interface Started {
  readonly url: string
  close(): void
}

/** Serves a page, its libraries, and `/map-token` of a broker as a reverse proxy does. */
export function servePage(html: string, broker: string): Promise<Started> {
  return serve((request, response) => {
    const { pathname: url } = new URL(request.url ?? '/', 'http://host')
    if (url === '/map-token') return passOn(request, response, broker, undefined)
    const [type, path] = LIBRARIES[url] ?? ['text/html; charset=utf-8', undefined]
    if (url !== '/' && path === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': type }).end(path ? readFileSync(path) : html)
  })
}

/** Listens on a free port. */
export async function serve(handler: RequestListener): Promise<Started> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
