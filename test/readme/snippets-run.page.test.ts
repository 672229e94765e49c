import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Browser } from 'playwright'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, openPage } from '../support/pages/chromium.ts'
import { createProject, findFirstScreenSnippet, root } from '../support/readme/snippets.ts'

const IMAGE = readFileSync(join(root, 'examples/demo-data/sprite.png'))
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
}

let browser: Browser
const closing: (() => void)[] = []
beforeAll(async () => {
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  for (const close of closing) close()
})

/** A page made of nothing but the snippet, bundled as a project of Vite bundles it. */
async function bundle(code: string): Promise<string> {
  const folder = createProject()
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'main.ts'), code)
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><link rel="icon" href="data:,"><div id="map" style="height: 400px"></div>
    <script type="module" src="./main.ts"></script>`,
  )
  await build({ root: folder, configFile: false, logLevel: 'error', build: { target: 'es2022' } })
  return join(folder, 'dist')
}

/** An endpoint that answers as README tells, and private tiles; remembers what tiles were asked with. */
async function serve(dist: string) {
  const token = randomUUID()
  const seen = { exchanges: 0, tiles: [] as (string | undefined)[] }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const send = (status: number, type: string, body: string | Buffer) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    const path = new URL(request.url ?? '/', 'http://host').pathname
    if (path === '/map-token' && request.method === 'POST') {
      seen.exchanges += 1
      const body = { access_token: token, token_type: 'Bearer', expires_in: 600 }
      send(200, 'application/json', JSON.stringify(body))
    } else if (path.startsWith('/v1/')) {
      if (path.startsWith('/v1/tiles/')) seen.tiles.push(request.headers.authorization)
      if (request.headers.authorization !== `Bearer ${token}`) send(401, 'application/json', '{}')
      else if (path === '/v1/style.json') {
        const tiles = [`http://${request.headers.host}/v1/tiles/{z}/{x}/{y}.png`]
        const style = {
          version: 8,
          sources: { world: { type: 'raster', tiles, tileSize: 256 } },
          layers: [{ id: 'world', type: 'raster', source: 'world' }],
        }
        send(200, 'application/json', JSON.stringify(style))
      } else send(200, 'image/png', IMAGE)
    } else {
      const file = join(dist, path === '/' ? 'index.html' : path)
      if (existsSync(file)) send(200, TYPES[extname(file)] ?? 'text/plain', readFileSync(file))
      else send(404, 'text/plain', 'not found')
    }
  }

  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, token, seen }
}

test.each(['@tilepass/maplibre', '@tilepass/leaflet'])(
  'the snippet of %s shows private tiles',
  async (packageName) => {
    const { url, token, seen } = await serve(await bundle(findFirstScreenSnippet(packageName).code))
    const { page, printed } = await openPage(browser, url)
    await expect.poll(() => seen.tiles.length, { timeout: 30_000 }).toBeGreaterThan(0)
    if (packageName === '@tilepass/leaflet')
      await page.waitForFunction(() => {
        const tiles = [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile')]
        return tiles.length > 0 && tiles.every((tile) => tile.complete && tile.naturalWidth > 0)
      })
    await page.waitForLoadState('networkidle')
    expect(new Set(seen.tiles)).toEqual(new Set([`Bearer ${token}`]))
    expect(seen.exchanges).toBe(1)
    expect(printed).toEqual([])
    await page.close()
  },
)
