import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { raster, styleOf } from '../support/pages/map-styles.ts'
import { settle } from '../support/pages/panning.ts'
import { createArchive } from '../support/pages/pmtiles-archive.ts'
import { test } from '../support/pages/recipe-test.ts'
import { listRequests, resetCounts } from '../support/pages/servers.ts'
import { findSnippet } from '../support/snippets.ts'

const RECIPES = {
  module: 'maplibre.ts',
  recipes: {
    pmtiles: findSnippet('packages/core/README.md', 'Recipes', 'ts', "from 'pmtiles'"),
    changeUser: findSnippet('packages/core/README.md', 'Recipes', 'ts', 'changeUser'),
    control: findSnippet('packages/maplibre/README.md', 'Recipes', 'ts', 'TokenControl'),
    migrating: findSnippet('docs/migrating.md', 'Migrating', 'ts'),
    transformRequest: findSnippet(
      'docs/migrating.md',
      'What an asynchronous `transformRequest` gives, and what it does not',
      'ts',
    ),
  },
}

describe.concurrent('with MapLibre, the recipe', () => {
  test('for PMTiles draws an archive, even after a refusal', async ({ openRecipe }) => {
    const { page, servers, printed } = await openRecipe(RECIPES, {
      setUp: ({ files }) => {
        files['/v1/world.pmtiles'] = createArchive()
      },
    })
    await page.evaluate(() => globalThis.run('pmtiles'))
    await settle(page)
    servers.issuer.revokeAll()
    resetCounts(servers)
    await page.evaluate(() => globalThis.map.jumpTo({ center: [100, -30], zoom: 2 }))
    await settle(page)
    expect(servers.counts).toMatchObject({ exchanges: 1 })
    expect(servers.counts.refused).toBeGreaterThan(0)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    expect(printed).toEqual([])
  })

  test('for signing out loads every tile again with the token of the next user', async ({
    openRecipe,
  }) => {
    const { page, servers } = await openRecipe(RECIPES)
    await page.evaluate(() => globalThis.run('changeUser'))
    await settle(page)
    const first = new Set(servers.log.map(({ token }) => token))
    const loaded = servers.log.length
    resetCounts(servers)
    await page.evaluate(() => globalThis.changeUser(async () => {}))
    await settle(page)
    expect(servers.log).toHaveLength(loaded)
    expect(new Set(servers.log.map(({ token }) => token)).size).toBe(1)
    expect(servers.log.filter(({ token }) => first.has(token))).toEqual([])
    expect(servers.counts).toMatchObject({ exchanges: 1, refused: 0 })
  })

  test('for the control shows a button while there is no token', async ({ openRecipe }) => {
    const { page, servers } = await openRecipe(RECIPES, {
      setUp: (servers) => {
        servers.broker = 'denies'
      },
    })
    await page.evaluate(() => globalThis.run('control'))
    const button = page.getByRole('button', { name: 'Erneut versuchen' })
    await button.waitFor()
    servers.broker = 'works'
    await button.click()
    await button.waitFor({ state: 'hidden' })
    await settle(page)
  })

  test('for migrating loads the style and its tiles with a token', async ({ openRecipe }) => {
    const { page, servers, printed } = await openRecipe(RECIPES, {
      setUp: ({ files, tiles }) => {
        files['/style.json'] = Buffer.from(JSON.stringify(styleOf({ land: raster(tiles) })))
      },
    })
    await page.evaluate(() => globalThis.run('migrating'))
    await eventually(() => expect(listRequests(servers, /raster/, 200)).not.toEqual([]))
    expect(listRequests(servers, /style/, 200)).toHaveLength(1)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    expect(servers.counts.exchanges).toBe(1)
    expect(printed).toEqual([])
  })

  test('for an asynchronous transformRequest waits for the first token', async ({ openRecipe }) => {
    const { page, servers, printed } = await openRecipe(RECIPES)
    await page.evaluate(() => globalThis.run('transformRequest'))
    await settle(page)
    expect(servers.counts).toMatchObject({ exchanges: 1, refused: 0 })
    expect(servers.log.length).toBeGreaterThan(0)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    expect(printed).toEqual([])
  })
})
