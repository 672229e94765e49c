import { describe, expect } from 'vitest'
import { settle } from '../support/pages/panning.ts'
import { createArchive, EARTH } from '../support/pages/pmtiles-archive.ts'
import { test } from '../support/pages/recipe-test.ts'
import type { Servers } from '../support/pages/servers.ts'
import { findSnippet } from '../support/snippets.ts'

const snippet = (text: string) =>
  findSnippet('packages/leaflet/README.md', 'Vector tiles', 'ts', text)
const RECIPE = {
  module: 'protomaps-leaflet.ts',
  recipes: { archive: snippet('createPmtilesArchive'), tiles: snippet('getZxy') },
}
const CASES = ['archive', 'tiles'].flatMap((way) =>
  ['header', 'query'].map((mode) => ({ way, mode })),
)

/** An archive, and the same as a file for each tile. */
function setUp({ files }: Servers) {
  files['/v1/world.pmtiles'] = createArchive(EARTH)
  for (let z = 0; z <= 2; z += 1)
    for (let x = 0; x < 2 ** z; x += 1)
      for (let y = 0; y < 2 ** z; y += 1) files[`/v1/world/${z}/${x}/${y}.mvt`] = EARTH
}

describe.concurrent('the recipe for protomaps-leaflet', () => {
  test.for(CASES)(
    '$way, $mode: draws every tile, even after a refusal',
    async ({ way, mode }, { openRecipe }) => {
      const { page, servers, printed } = await openRecipe(RECIPE, {
        query: `way=${way}&mode=${mode}`,
        setUp,
      })
      await settle(page)
      const first = await page.evaluate(() => globalThis.countTiles())
      servers.issuer.revokeAll()
      await page.evaluate(() => globalThis.zoomTo(2))
      await settle(page)
      const second = await page.evaluate(() => globalThis.countTiles())
      expect([first.blank, second.blank]).toEqual([0, 0])
      expect(first.tiles).toBeGreaterThan(1)
      expect(second.tiles).toBeGreaterThan(3)
      expect(servers.counts.refused).toBeGreaterThan(0)
      expect(servers.counts.exchanges).toBe(2)
      expect(servers.log.filter(({ token }) => !token)).toEqual([])
      expect(printed).toEqual([])
    },
  )
})
