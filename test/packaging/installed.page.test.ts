import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Response } from 'playwright'
import { expect } from 'vitest'
import { PACKAGES } from '../../scripts/architecture-rules.mjs'
import { eventually } from '../support/pages/eventually.ts'
import { test as pageTest } from '../support/pages/page-test.ts'
import { FEW_FRAMES } from '../support/pages/panning.ts'
import { createReadmeSite } from '../support/pages/readme-site.ts'
import { root } from '../support/repository.ts'
import { installQuickstart, startQuickstart } from '../support/servers/quickstart.ts'
import { startServer } from '../support/servers/start-server.ts'
import { createTeardown } from '../support/servers/teardown.ts'
import { findSnippet } from '../support/snippets.ts'

const WITHOUT_REGISTRY = 'the npm registry cannot be reached'

const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('teardown', { scope: 'file' }, async ({}, { onCleanup }) => {
    const teardown = createTeardown()
    onCleanup(() => teardown.run())
    return teardown
  })
  .extend('folder', { scope: 'file' }, ({ teardown }) => installQuickstart(teardown))

test('the quickstart, copied and installed, shows a map whose tiles come with a token and not without', {
  timeout: 240_000,
}, async ({ folder, teardown, openPage, skip }) => {
  if (!folder) return skip(WITHOUT_REGISTRY)
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  expect(scripts).toEqual({ start: 'node server.js' })
  const url = await startQuickstart(teardown, folder)
  const tiles: Response[] = []
  const issued: string[] = []
  const { page, printed } = await openPage(url, {
    init: FEW_FRAMES,
    prepare: async (page) =>
      page.on('response', async (response) => {
        const { pathname } = new URL(response.url())
        if (pathname.startsWith('/tiles/')) tiles.push(response)
        if (pathname === '/map-token') issued.push((await response.json()).access_token)
      }),
  })

  await eventually(async () => {
    await page.mouse.move(400, 300)
    await page.mouse.move(401, 301)
    expect(await page.textContent('h1')).toBe('Libya')
  }, 60_000)
  expect(await page.textContent('#status')).toMatch(/^Token valid for [1-9]\d* s, then renewed$/)
  await page.waitForLoadState('networkidle')
  expect(issued).toHaveLength(1)
  expect(tiles.length).toBeGreaterThan(3)
  for (const tile of tiles) {
    const { authorization } = await tile.request().allHeaders()
    expect([authorization, tile.status()]).toEqual([`Bearer ${issued[0]}`, 200])
    expect((await fetch(tile.url())).status).toBe(401)
  }
  expect(printed).toEqual([])
})

test('the page for script tags in the README of the installed @tilepass/leaflet shows private tiles', {
  timeout: 240_000,
}, async ({ folder, teardown, openPage, skip }) => {
  if (!folder) return skip(WITHOUT_REGISTRY)
  for (const { name, folder: source } of PACKAGES)
    expect(readFileSync(join(folder, 'node_modules', name, 'README.md'), 'utf8')).toBe(
      readFileSync(join(root, source, 'README.md'), 'utf8'),
    )
  const site = createReadmeSite()
  site.folder = join(folder, 'leaflet')
  mkdirSync(site.folder)
  symlinkSync(join(folder, 'node_modules'), join(site.folder, 'node_modules'), 'junction')
  const { code } = findSnippet('packages/leaflet/README.md', 'Without a bundler', 'html')
  writeFileSync(join(site.folder, 'index.html'), code)
  const { url, close } = await startServer(site.answer)
  teardown.add(close)

  const { page, printed } = await openPage(`${url}/`)
  await page.waitForFunction(() => {
    const tiles = [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile')]
    return tiles.length > 0 && tiles.every((tile) => tile.complete && tile.naturalWidth > 0)
  })
  expect(new Set(site.tiles)).toEqual(new Set([`Bearer ${site.token}`]))
  expect(printed).toEqual([])
})
