import { readFileSync } from 'node:fs'
import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import { bundleRecipes } from '../support/pages/recipe-page.ts'
import { test } from '../support/pages/recipe-test.ts'
import { demoData } from '../support/repository.ts'
import { findSnippet } from '../support/snippets.ts'

const FILE = readFileSync(demoData('earth.tif'))
const pageOf = (file: string, section: string) => ({
  module: 'geotiff.ts',
  recipes: { geotiff: findSnippet(file, section, 'ts', 'createGeotiffClient') },
})

/** Reads a part of the image that nothing has read before. */
async function expectImage(page: Page, column: number, row: number) {
  await page.waitForFunction(() => globalThis.readWindow)
  const values = await page.evaluate((at) => globalThis.readWindow(...at), [column, row] as const)
  expect(values).toBeGreaterThan(4)
}

/** Presses the download button of the recipe, so to say. */
async function expectDownload(page: Page) {
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.evaluate(() => globalThis.save()),
  ])
  expect(readFileSync(await saved.path()).equals(FILE)).toBe(true)
}

describe.concurrent('the recipe for geotiff', () => {
  test.for(['header', 'query'])(
    'of core, %s: reads ranges, even after a refusal, and downloads the file',
    async (mode, { openRecipe }) => {
      const { page, servers, printed } = await openRecipe(
        pageOf('packages/core/README.md', 'Recipes'),
        {
          query: `mode=${mode}`,
          setUp: ({ files }) => {
            files['/v1/datasets/7/cog.tif'] = FILE
          },
        },
      )
      await expectImage(page, 900, 300)
      servers.issuer.revokeAll()
      await expectImage(page, 1200, 450)
      expect(servers.counts.refused).toBeGreaterThan(0)
      expect(servers.counts.exchanges).toBe(2)
      await expectDownload(page)
      expect(servers.log.filter(({ token }) => !token)).toEqual([])
      expect(printed).toEqual([])
    },
  )
})

// Alone, as the broker of a test is closed by hooks of the test that runs.
test('the recipe for geotiff of the page about datasets reads and downloads a dataset of the broker', async ({
  openPage,
}) => {
  const html = await bundleRecipes(pageOf('docs/datasets.md', 'In the page'))
  const config = findSnippet('docs/datasets.md', 'Datasets: files to download', 'json')
  const { datasets } = JSON.parse(config.code)
  Object.assign(datasets.earth, { account: 'demo', path: demoData('earth.tif') })
  const broker = await startBroker({ datasets, demo: true })
  const { page, printed } = await openPage(`${broker.url}/recipe`, {
    prepare: (page) =>
      page.route('**/recipe', (route) =>
        route.fulfill({ contentType: 'text/html', body: html(broker.url) }),
      ),
  })
  await expectImage(page, 900, 300)
  await expectDownload(page)
  expect(printed).toEqual([])
})
