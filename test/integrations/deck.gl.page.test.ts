import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { healed, settle } from '../support/pages/panning.ts'
import { type OpenedRecipe, test } from '../support/pages/recipe-test.ts'
import { expectRecoveryByStep, expectRenewalByStep, LIFETIME } from '../support/pages/renewal.ts'
import { root } from '../support/repository.ts'
import { findSnippet } from '../support/snippets.ts'

const recipes = {
  'deck.gl': findSnippet('packages/core/README.md', 'Recipes', 'ts', '@deck.gl/geo-layers'),
}
// Its packages exist once in each of these folders.
const VERSIONS = [
  { version: '9.2', recipe: { module: 'deck.gl.ts', recipes, packages: '.' } },
  { version: '9.4', recipe: { module: 'deck.gl.ts', recipes, packages: 'test' } },
]
const CASES = VERSIONS.flatMap((each) =>
  [
    { layer: 'TileLayer', query: 'kind=raster' },
    { layer: 'MVTLayer', query: 'kind=vector' },
  ].map((kind) => ({ ...each, ...kind })),
)

/** Serves the worker for vector tiles, which deck.gl loads from a CDN, from the installed packages. */
const serveWorkers = (page: Page, packages: string) =>
  page.route('https://unpkg.com/**', (route) => {
    const path = new URL(route.request().url()).pathname.replace(/(@loaders\.gl\/\w+)@[^/]+/, '$1')
    return route.fulfill({ path: join(root, packages, 'node_modules', path) })
  })

const look = ({ page }: OpenedRecipe, ...place: [number, number, number]) =>
  page.evaluate((place) => globalThis.look(...place), place)

// One after the other: without a GPU, several maps at once would block their pages for seconds.
describe.each(CASES)('the recipe for deck.gl $version, $layer', ({ version, recipe, query }) => {
  test('is tried with that version', () => {
    const file = join(root, recipe.packages, 'node_modules/@deck.gl/core/package.json')
    expect(JSON.parse(readFileSync(file, 'utf8')).version).toMatch(`${version}.`)
  })

  test(`renews tokens of ${LIFETIME / 1000} s while panning, loses no tile, and sends none to another host`, async ({
    openRecipe,
    annotate,
  }) => {
    const start = performance.now()
    const asked: string[] = []
    const opened = await openRecipe(recipe, {
      query,
      setUp: (servers) => {
        servers.lifetime = LIFETIME
      },
      prepare: async (page) => {
        page.on('request', (request) => asked.push(request.url()))
        await serveWorkers(page, recipe.packages)
      },
    })
    await annotate(await expectRenewalByStep(opened, start))
    const { servers, printed } = opened
    // That the stranger saw no token is checked after every test.
    expect(asked.filter((url) => url.startsWith(servers.stranger)).length).toBeGreaterThan(10)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    expect(printed.join()).not.toContain('canary')
  })

  test('replaces a refused token, and loads the tiles that were refused', async ({
    openRecipe,
  }) => {
    await expectRecoveryByStep(
      await openRecipe(recipe, {
        query,
        prepare: (page) => serveWorkers(page, recipe.packages),
      }),
    )
  })

  test('loads tiles that found no token when updateTriggers.getTileData changes, and not before', async ({
    openRecipe,
  }) => {
    const opened = await openRecipe(recipe, {
      query,
      prepare: (page) => serveWorkers(page, recipe.packages),
    })
    const { page, servers } = opened
    await settle(page)
    servers.broker = 'denies'
    await page.evaluate(() => tokens.invalidate())
    await look(opened, 90, 20, 3)
    await page.waitForFunction(() => globalThis.failed().length > 0)
    servers.broker = 'works'
    await page.evaluate(() => tokens.renew())
    await look(opened, -90, 20, 3)
    await healed(page)
    await look(opened, 90, 20, 3)
    await page.waitForFunction(() => globalThis.failed().length > 0)
    await page.evaluate(() => globalThis.reload())
    await healed(page)
    expect(servers.counts.refused).toBe(0)
  })
})
