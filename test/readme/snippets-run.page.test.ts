import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { build } from 'vite'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { test as pageTest } from '../support/pages/page-test.ts'
import { FEW_FRAMES } from '../support/pages/panning.ts'
import { demoData } from '../support/repository.ts'
import { startServer } from '../support/servers/start-server.ts'
import { createProject, findFirstScreenSnippet } from '../support/snippets.ts'

const IMAGE = readFileSync(demoData('sprite.png'))
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
}

const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('project', async ({}, { onCleanup }) => {
    const folder = createProject()
    onCleanup(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  })
  // biome-ignore lint/correctness/noEmptyPattern: as above
  .extend('site', async ({}, { onCleanup }) => {
    const site = createSite()
    const { url, close } = await startServer(site.answer)
    onCleanup(close)
    return Object.assign(site, { url })
  })

/** Bundles a page that consists of the snippet alone, as a project with Vite does. @returns its folder. */
async function bundle(project: string, code: string): Promise<string> {
  writeFileSync(join(project, 'main.ts'), code)
  writeFileSync(
    join(project, 'index.html'),
    `<!doctype html><link rel="icon" href="data:,"><div id="map" style="height: 400px"></div>
    <script type="module" src="./main.ts"></script>`,
  )
  await build({ root: project, configFile: false, logLevel: 'error', build: { target: 'es2022' } })
  return join(project, 'dist')
}

/** An endpoint that answers as the README describes, private tiles, and the files of a folder. */
function createSite() {
  const site = {
    folder: '',
    token: randomUUID(),
    exchanges: 0,
    /** The Authorization header of each request for a tile. */
    tiles: [] as (string | undefined)[],
    answer(request: IncomingMessage, response: ServerResponse): void {
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
        const file = join(site.folder, path === '/' ? 'index.html' : path)
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

describe.concurrent('a snippet of the first screen of the README', () => {
  test.for(['@tilepass/maplibre', '@tilepass/leaflet'])(
    '%s shows private tiles',
    async (packageName, { project, site, openPage }) => {
      site.folder = await bundle(project, findFirstScreenSnippet(packageName).code)
      const { page, printed } = await openPage(`${site.url}/`, { init: FEW_FRAMES })
      await eventually(() => expect(site.tiles.length).toBeGreaterThan(0))
      if (packageName === '@tilepass/leaflet')
        await page.waitForFunction(() => {
          const tiles = [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile')]
          return tiles.length > 0 && tiles.every((tile) => tile.complete && tile.naturalWidth > 0)
        })
      await page.waitForLoadState('networkidle')
      expect(new Set(site.tiles)).toEqual(new Set([`Bearer ${site.token}`]))
      expect(site.exchanges).toBe(1)
      expect(printed).toEqual([])
    },
  )
})
