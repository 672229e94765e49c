import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Response } from 'playwright'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { runCommand, startBroker } from '../support/brokers/broker-under-test.ts'
import { eventually } from '../support/pages/eventually.ts'
import { type OpenPage, test } from '../support/pages/page-test.ts'
import { SMALL } from '../support/pages/panning.ts'
import { serveProject } from '../support/pages/vite-project.ts'
import { demoData } from '../support/repository.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import { createProject, readShownFiles } from '../support/snippets.ts'

/** Writes the files that a page of the documentation shows into a folder with the packages. */
function writeProject(page: string): { folder: string; files: ReadonlyMap<string, string> } {
  const folder = createProject()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const files = readShownFiles(page)
  for (const [name, code] of files) writeFileSync(join(folder, name), code)
  for (const name of ['world.pmtiles', 'world-raster.pmtiles'])
    symlinkSync(demoData(name), join(folder, name))
  return { folder, files }
}

/** The broker of the page's `tilepass.json`, whose account is that of the demo. */
async function startBrokerOf(folder: string, config: string): Promise<string> {
  const { $schema: _, grants, tilesets } = JSON.parse(config)
  for (const tileset of Object.values<{ path: string }>(tilesets))
    tileset.path = join(folder, tileset.path)
  grants.default.account = 'demo'
  return (await startBroker({ grants, tilesets, demo: true })).url
}

/** Opens a page, and expects its tiles to come with one token. */
async function expectPrivateTiles(openPage: OpenPage, url: string) {
  const tiles: Response[] = []
  let exchanges = 0
  const { page, printed } = await openPage(url, {
    viewport: SMALL,
    prepare: async (page) =>
      page.on('response', (response) => {
        const { pathname } = new URL(response.url())
        if (pathname === '/map-token') exchanges += 1
        if (/^\/v1\/tiles\/.*\d\.\w+$/.test(pathname)) tiles.push(response)
      }),
  })
  await eventually(() => expect(tiles.length).toBeGreaterThan(0), 60_000)
  await page.waitForLoadState('networkidle')
  for (const tile of tiles) {
    expect([200, 204]).toContain(tile.status())
    expect((await tile.request().allHeaders()).authorization).toMatch(/^Bearer /)
    expect((await fetch(tile.url())).status).toBe(401)
  }
  expect(exchanges).toBe(1)
  expect(printed.filter((line) => !/^\[vite\]|React DevTools/.test(line))).toEqual([])
}

describe('the page of the documentation leads to a private map', () => {
  test.for(['maplibre', 'leaflet', 'react', 'vue'])('%s', async (name, { openPage }) => {
    const { folder, files } = writeProject(`docs/getting-started/${name}.md`)
    const broker = await startBrokerOf(folder, files.get('tilepass.json') ?? '')
    const config = files.get('vite.config.ts') ?? files.get('vite.config.js') ?? ''
    for (const path of ['/map-token', '/v1'])
      expect(config).toContain(`'${path}': { target, changeOrigin: false },`)
    expect(config).toContain("const target = 'http://127.0.0.1:8080'")
    await expectPrivateTiles(openPage, await serveProject(folder, broker, ['/map-token', '/v1']))
  })

  test('script tags', async ({ openPage }) => {
    const { folder, files } = writeProject('docs/getting-started/script-tag.md')
    const port = await findFreePort()
    const code = files.get('server.js')?.replaceAll('3000', String(port)) ?? ''
    writeFileSync(join(folder, 'server.mjs'), code)
    expect(await runCommand(join(folder, 'data'), ['account', 'create', 'city'])).toMatchObject({
      code: 0,
    })
    const server = spawn(process.execPath, ['server.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    onTestFinished(async () => {
      server.kill()
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    })
    const url = `http://127.0.0.1:${port}/`
    await vi.waitFor(() => fetch(url), { timeout: 15_000, interval: 50 })
    await expectPrivateTiles(openPage, url)
  })
})
