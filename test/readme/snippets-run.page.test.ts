import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { type OpenPage, test as pageTest } from '../support/pages/page-test.ts'
import { FEW_FRAMES } from '../support/pages/panning.ts'
import { createReadmeSite, type ReadmeSite } from '../support/pages/readme-site.ts'
import { startServer } from '../support/servers/start-server.ts'
import { createProject, findSnippet } from '../support/snippets.ts'

const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('project', async ({}, { onCleanup }) => {
    const folder = createProject()
    onCleanup(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  })
  // biome-ignore lint/correctness/noEmptyPattern: as above
  .extend('site', async ({}, { onCleanup }) => {
    const site = createReadmeSite()
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

/** Opens the page in the site's folder, and expects every tile to be requested with the token, and shown. */
async function expectPrivateTiles(site: ReadmeSite & { url: string }, openPage: OpenPage) {
  const { page, printed } = await openPage(`${site.url}/`, { init: FEW_FRAMES })
  await eventually(() => expect(site.tiles.length).toBeGreaterThan(0))
  await page.waitForFunction(() => {
    const tiles = [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile')]
    const isLeaflet = document.querySelector('.leaflet-container') !== null
    return (
      tiles.every((tile) => tile.complete && tile.naturalWidth > 0) &&
      (tiles.length > 0 || !isLeaflet)
    )
  })
  await page.waitForLoadState('networkidle')
  expect(new Set(site.tiles)).toEqual(new Set([`Bearer ${site.token}`]))
  expect(site.exchanges).toBe(1)
  expect(printed).toEqual([])
}

describe.concurrent('in the README of a plugin', () => {
  test.for(['maplibre', 'leaflet'])(
    'the first snippet of %s shows private tiles, bundled with Vite',
    async (name, { project, site, openPage }) => {
      const { code } = findSnippet(`packages/${name}/README.md`, `@tilepass/${name}`, 'ts')
      site.folder = await bundle(project, code)
      await expectPrivateTiles(site, openPage)
    },
  )

  test.for(['maplibre', 'leaflet'])(
    'the page of %s for script tags shows private tiles',
    async (name, { project, site, openPage }) => {
      const { code } = findSnippet(`packages/${name}/README.md`, 'Without a bundler', 'html')
      site.folder = project
      site.packages.set('maplibre-gl', join(project, 'node_modules/maplibre-gl-5'))
      writeFileSync(join(project, 'index.html'), code)
      await expectPrivateTiles(site, openPage)
    },
  )
})
