import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { styleOf } from '../support/pages/map-styles.ts'
import { test } from '../support/pages/recipe-test.ts'
import { findSnippet } from '../support/snippets.ts'

const RECIPE = {
  module: 'maplibre-gl-leaflet.ts',
  recipes: {
    'maplibre-gl-leaflet': findSnippet(
      'packages/leaflet/README.md',
      'Vector tiles',
      'ts',
      'maplibre-gl-leaflet',
    ),
  },
}

const isShown = (page: Page, longitude: number) =>
  page.waitForFunction((longitude) => globalThis.showsTiles(longitude), longitude)

describe.concurrent('the recipe for maplibre-gl-leaflet', () => {
  test.for(['header', 'query'])(
    '%s: loads every tile, even after a refusal and when the layer is added again',
    async (mode, { openRecipe }) => {
      const { page, servers, printed } = await openRecipe(RECIPE, {
        query: `mode=${mode}`,
        setUp: ({ files, page }) => {
          const land = { type: 'vector', tiles: [`${page}/v1/land/{z}/{x}/{y}.mvt`], maxzoom: 14 }
          files['/v1/style.json'] = Buffer.from(JSON.stringify(styleOf({ land })))
        },
      })
      await isShown(page, 0)
      servers.issuer.revokeAll()
      await page.evaluate(() => globalThis.leafletMap.setView([40, 100], 6, { animate: false }))
      await isShown(page, 100)
      await page.evaluate(() => globalThis.glLayer.remove())
      servers.issuer.revokeAll()
      await page.evaluate(() => globalThis.glLayer.addTo(globalThis.leafletMap))
      await isShown(page, 100)
      expect(servers.counts.refused).toBeGreaterThan(0)
      expect(servers.counts.exchanges).toBe(3)
      expect(servers.log.filter(({ token }) => !token)).toEqual([])
      expect(printed).toEqual([])
    },
  )
})
