import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { demoData } from '../repository.ts'

const IMAGE = readFileSync(demoData('sprite.png'))
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
}

/** What the pages of the READMEs expect of a server: an endpoint, a style and tiles behind tokens, files. */
export interface ReadmeSite {
  /** Folder of the page; it may have a `node_modules`. */
  folder: string
  /** Other folders than those in `node_modules`, by the name of the package. */
  readonly packages: Map<string, string>
  readonly token: string
  exchanges: number
  /** The Authorization header of each request for a tile. */
  readonly tiles: (string | undefined)[]
  answer(request: IncomingMessage, response: ServerResponse): void
}

export function createReadmeSite(): ReadmeSite {
  const site: ReadmeSite = {
    folder: '',
    token: randomUUID(),
    exchanges: 0,
    packages: new Map(),
    tiles: [],
    answer(request, response) {
      const send = (status: number, type: string, body: string | Buffer) =>
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
      const path = new URL(request.url ?? '/', 'http://host').pathname
      const { authorization, host } = request.headers
      if (path === '/map-token' && request.method === 'POST') {
        site.exchanges += 1
        const body = { access_token: site.token, token_type: 'Bearer', expires_in: 600 }
        send(200, 'application/json', JSON.stringify(body))
      } else if (path.startsWith('/v1/')) {
        if (path.startsWith('/v1/tiles/')) site.tiles.push(authorization)
        if (authorization !== `Bearer ${site.token}`) send(401, 'application/json', '{}')
        else if (path === '/v1/style.json')
          send(200, 'application/json', JSON.stringify(createStyle(String(host))))
        else send(200, 'image/png', IMAGE)
      } else {
        const [, name = '', rest = ''] = /^\/node_modules\/([^/]+)\/(.+)$/.exec(path) ?? []
        const other = site.packages.get(name)
        const file = other
          ? join(other, rest)
          : join(site.folder, path === '/' ? 'index.html' : path)
        if (existsSync(file)) send(200, TYPES[extname(file)] ?? 'text/plain', readFileSync(file))
        else send(404, 'text/plain', 'not found')
      }
    },
  }
  return site
}

const createStyle = (host: string) => ({
  version: 8,
  sources: {
    world: { type: 'raster', tiles: [`http://${host}/v1/tiles/{z}/{x}/{y}.png`], tileSize: 256 },
  },
  layers: [{ id: 'world', type: 'raster', source: 'world' }],
})
