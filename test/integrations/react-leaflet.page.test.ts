import type { Page } from 'playwright'
import { describe, expect } from 'vitest'
import { eventually } from '../support/pages/eventually.ts'
import { type RecipeOptions, test as recipeTest } from '../support/pages/recipe-test.ts'
import { listRequests, type Servers } from '../support/pages/servers.ts'
import { findSnippet } from '../support/snippets.ts'

const RECIPE = {
  module: 'react-leaflet.tsx',
  recipes: { 'react-leaflet': findSnippet('packages/leaflet/README.md', 'react-leaflet', 'tsx') },
}
const TILES = 'https://tiles.example.com/v1'

/** Whether every image of the map is shown, and comes from what the layer shows now. */
const isComplete = (page: Page) =>
  page.evaluate(() => {
    const images = [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile')]
    return images.length > 0 && images.every((image) => image.complete && image.naturalWidth > 0)
  })

/** A test with `openLayer`, which opens the page of the recipe with a layer. */
const test = recipeTest.extend(
  'openLayer',
  ({ openRecipe }) =>
    async (props: object, options?: RecipeOptions) => {
      const { page, servers, printed } = await openRecipe(RECIPE, options)
      /** Renders with other props, and waits until requests match and every tile is shown. */
      const show = async (changed: object, path: RegExp) => {
        const text = JSON.stringify(changed).replaceAll('https://tiles.example.com', servers.tiles)
        await page.evaluate((text) => globalThis.show(JSON.parse(text)), text)
        await eventually(() => expect(listRequests(servers, path, 200)).not.toEqual([]))
        await eventually(async () => expect(await isComplete(page)).toBe(true))
      }
      await page.waitForFunction(() => globalThis.show)
      await show(props, /./)
      return { page, servers, printed, show }
    },
)

const layers = (page: Page) => page.evaluate(() => globalThis.added.size)
/** URLs that were requested, as the servers saw them. */
const paths = ({ log }: Servers) => [...new Set(log.map(({ path }) => path.split('/')[2]))]

describe.concurrent('the recipe for react-leaflet', () => {
  test('loads the tiles of a changed URL in the same layer, in StrictMode', async ({
    openLayer,
  }) => {
    const { page, servers, printed, show } = await openLayer({
      url: `${TILES}/before/{z}/{x}/{y}.png`,
    })
    const loaded = servers.log.length
    const shown = await page.evaluate(() => globalThis.held.size)
    const created = await layers(page)
    await show({ url: `${TILES}/after/{z}/{x}/{y}.png` }, /after/)
    expect(paths(servers)).toEqual(['before', 'after'])
    expect(servers.log).toHaveLength(2 * loaded)
    expect(await layers(page)).toBe(created)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    expect(servers.counts.exchanges).toBe(1)
    // The images of the first URL are released.
    expect(await page.evaluate(() => globalThis.held.size)).toBe(shown)
    expect(printed.filter((line) => !/React DevTools/.test(line))).toEqual([])
  })

  test('sends no token to a changed URL that no rule covers', async ({ openLayer }) => {
    const { page, servers } = await openLayer({ url: `${TILES}/before/{z}/{x}/{y}.png` })
    const loaded = servers.log.length
    await page.evaluate(() => globalThis.show({ url: `${stranger}/v1/{z}/{x}/{y}.png` }))
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>('img.leaflet-tile')]
      const ours = images.filter(({ src }) => src.startsWith(stranger))
      return (
        ours.length > 0 &&
        ours.length === images.length &&
        ours.every(({ naturalWidth }) => naturalWidth)
      )
    })
    // That the stranger saw no token is checked after every test.
    expect(servers.log).toHaveLength(loaded)
  })

  test('changes opacity and zIndex, and is renewed, without another request', async ({
    openLayer,
  }) => {
    const { page, servers, show } = await openLayer({ url: `${TILES}/raster/{z}/{x}/{y}.png` })
    const created = await layers(page)
    const loaded = servers.log.length
    await show({ opacity: 0.5, zIndex: 7 }, /raster/)
    await page.evaluate(() => tokens.renew())
    const style = await page.evaluate(() => {
      const { opacity, zIndex } = document.querySelector<HTMLElement>('.leaflet-layer')?.style ?? {}
      return [opacity, zIndex]
    })
    expect(style).toEqual(['0.5', '7'])
    expect(await layers(page)).toBe(created)
    expect(servers.log).toHaveLength(loaded)
    expect(servers.counts.exchanges).toBe(2)
  })

  test('is released with its map', async ({ openLayer }) => {
    const { page } = await openLayer({ url: `${TILES}/raster/{z}/{x}/{y}.png` })
    expect(await page.evaluate(() => globalThis.held.size)).toBeGreaterThan(0)
    await page.evaluate(() => globalThis.root.unmount())
    await page.waitForFunction(() => globalThis.held.size === 0)
  })

  test('requests changed WMS parameters in the same layer, and no other parameter than WMS has', async ({
    openLayer,
  }) => {
    const urls: URL[] = []
    const { page, servers, show } = await openLayer(
      { url: `${TILES}/wms`, params: { layers: 'roads', format: 'image/png' } },
      {
        prepare: async (page) =>
          page.on('request', (request) => {
            const url = new URL(request.url())
            if (url.pathname === '/v1/wms' && request.method() === 'GET') urls.push(url)
          }),
      },
    )
    const created = await layers(page)
    const loaded = urls.length
    const parameters = () => new Set(urls.map(({ searchParams }) => searchParams.get('layers')))
    expect(parameters()).toEqual(new Set(['roads']))
    await page.evaluate(() => globalThis.show({ params: { layers: 'rivers' } }))
    await eventually(() =>
      expect(urls.filter(({ search }) => /rivers/.test(search))).toHaveLength(loaded),
    )
    await eventually(async () => expect(await isComplete(page)).toBe(true))
    await show({ url: `${TILES}/wms/2` }, /wms\/2/)
    await show({ opacity: 0.5 }, /wms\/2/)
    expect(await layers(page)).toBe(created)
    expect(servers.log).toHaveLength(3 * loaded)
    expect(servers.log.filter(({ token }) => !token)).toEqual([])
    const names = new Set(urls.flatMap(({ searchParams }) => [...searchParams.keys()]))
    expect([...names].sort()).toEqual([
      ...['bbox', 'format', 'height', 'layers', 'request', 'service', 'srs', 'styles'],
      ...['transparent', 'version', 'width'],
    ])
  })
})
