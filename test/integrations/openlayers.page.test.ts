import { describe, expect } from 'vitest'
import { healed, settle } from '../support/pages/panning.ts'
import { type OpenedRecipe, test } from '../support/pages/recipe-test.ts'
import { expectRecoveryByStep, expectRenewalByStep, LIFETIME } from '../support/pages/renewal.ts'
import { resetCounts } from '../support/pages/servers.ts'
import { findSnippet } from '../support/snippets.ts'

const RECIPE = {
  module: 'openlayers.ts',
  recipes: { openlayers: findSnippet('packages/core/README.md', 'Recipes', 'ts', 'ol/VectorTile') },
}
const CASES = [
  { source: 'XYZ', query: 'kind=raster' },
  { source: 'VectorTile', query: 'kind=vector' },
]

const look = ({ page }: OpenedRecipe, ...place: [number, number, number]) =>
  page.evaluate((place) => globalThis.look(...place), place)
const hasFailed = ({ page }: OpenedRecipe) =>
  page.waitForFunction(() => globalThis.settled() && globalThis.failed().length > 0)
describe.concurrent.each(CASES)('the recipe for OpenLayers, $source', ({ query }) => {
  test(`renews tokens of ${LIFETIME / 1000} s while panning, loses no tile, and sends none to another host`, async ({
    openRecipe,
    annotate,
  }) => {
    const start = performance.now()
    const asked: string[] = []
    const opened = await openRecipe(RECIPE, {
      query,
      setUp: (servers) => {
        servers.lifetime = LIFETIME
      },
      prepare: async (page) => page.on('request', (request) => asked.push(request.url())),
    })
    await annotate(await expectRenewalByStep(opened, start))
    const { page, servers, printed } = opened
    // That the stranger saw no token is checked after every test.
    expect(asked.filter((url) => url.startsWith(servers.stranger)).length).toBeGreaterThan(10)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    await page.waitForFunction(async () => (await globalThis.drawn()) > 0)
    expect(printed.join()).not.toContain('canary')
  })

  test('replaces a refused token, and loads the tiles that were refused', async ({
    openRecipe,
  }) => {
    await expectRecoveryByStep(await openRecipe(RECIPE, { query }))
  })

  test('refreshes the source when tokens are back after an outage, and only then', async ({
    openRecipe,
  }) => {
    const opened = await openRecipe(RECIPE, { query })
    const { page, servers } = opened
    await settle(page)
    servers.broker = 'denies'
    await page.evaluate(() => tokens.invalidate())
    await look(opened, 90, 20, 4)
    await hasFailed(opened)
    servers.broker = 'works'
    await page.evaluate(() => tokens.renew())
    await healed(page)
    expect(servers.counts.refused).toBe(0)
    // The next renewals find nothing to do.
    resetCounts(servers)
    await page.evaluate(() => tokens.renew())
    await settle(page)
    expect(servers.log).toEqual([])
  })

  test.for([401, 503])(
    'leaves tiles that are answered with %i to source.refresh()',
    async (status, { openRecipe }) => {
      const opened = await openRecipe(RECIPE, { query })
      const { page, servers } = opened
      await settle(page)
      servers.refuse = () => status
      await look(opened, 90, 20, 4)
      await hasFailed(opened)
      servers.refuse = undefined
      await page.evaluate(() => tokens.renew())
      await look(opened, 91, 20, 4)
      await settle(page)
      expect(await page.evaluate(() => globalThis.failed().length)).toBeGreaterThan(0)
      await page.evaluate(() => globalThis.source.refresh())
      await healed(page)
    },
  )

  test('ends with the map', async ({ openRecipe }) => {
    const { page, servers } = await openRecipe(RECIPE, {
      query,
      setUp: (servers) => {
        servers.lifetime = LIFETIME
      },
    })
    await settle(page)
    await page.evaluate(() => globalThis.removeTokens())
    const { exchanges } = servers.counts
    await page.waitForFunction(() => tokens.peek() === undefined)
    expect(servers.counts.exchanges).toBe(exchanges)
  })
})
