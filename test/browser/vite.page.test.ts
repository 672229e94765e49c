import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProxyOptions } from 'vite'
import { expect } from 'vitest'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import { eventually } from '../support/pages/eventually.ts'
import { test } from '../support/pages/page-test.ts'
import { SMALL } from '../support/pages/panning.ts'
import { root } from '../support/repository.ts'
import { startVite } from '../support/servers/vite-server.ts'

const page = fileURLToPath(new URL('../support/vite-page', import.meta.url))
const tilesets = {
  'world-raster': { path: join(root, 'examples/demo-data/world-raster.pmtiles') },
}

/** The proxy of the recipe in the documentation, in front of the broker of a test. */
function readRecipe(target: string): Record<string, ProxyOptions> {
  const text = readFileSync(join(root, 'docs/dev-servers.md'), 'utf8')
  const recipe = /```ts\n\/\/ vite\.config\.ts\n.*?proxy: (\{.*?\n {4}\})/s.exec(text)?.[1] ?? ''
  expect(recipe).toContain('changeOrigin: false')
  return new Function(`return (${recipe.replaceAll('http://127.0.0.1:3000', target)})`)()
}

/** What reached the development server, as "path status". */
type Log = string[]

interface Site {
  readonly url: string
  readonly broker: string
  readonly log: Log
}

/**
 * A broker, and a real Vite server in front of it.
 *
 * @param toProxy Makes the setting `server.proxy`.
 * @param isSilent Drops `Sec-Fetch-Site`, which browsers before Safari 16.4 do not send.
 */
async function startSite(
  toProxy: (target: string) => Record<string, string | ProxyOptions>,
  isSilent = false,
): Promise<Site> {
  const { url: broker } = await startBroker({ tilesets })
  const log: Log = []
  const url = await startVite({
    root: page,
    logLevel: 'silent',
    // Otherwise Vite finds it late, and loads the page again.
    optimizeDeps: { include: ['maplibre-gl'] },
    server: { proxy: toProxy(broker) },
    plugins: [
      {
        name: 'log',
        configureServer: ({ middlewares }) => {
          middlewares.use((request, response, next) => {
            if (isSilent) delete request.headers['sec-fetch-site']
            const path = request.url ?? ''
            response.on('finish', () => log.push(`${path} ${response.statusCode}`))
            next()
          })
        },
      },
    ],
  })
  return { url, broker, log }
}

const shorthand = (target: string) => ({ '/map-token': target, '/v1': target })

const count = (log: Log, pattern: RegExp) => log.filter((line) => pattern.test(line)).length

test('the recipe: a map behind Vite shows private tiles of a TileJSON source', async ({
  openPage,
}) => {
  const { url, log } = await startSite(readRecipe)
  const { page, printed } = await openPage(url, { viewport: SMALL })
  await page.waitForFunction(() => globalThis.map?.loaded() && globalThis.map.areTilesLoaded())
  const [tiles] = await page.evaluate(() => globalThis.map.getSource('world').tiles)
  expect(tiles).toBe(`${url}/v1/tiles/world-raster/{z}/{x}/{y}.webp`)
  expect(count(log, /world-raster\/\d.* 200$/)).toBeGreaterThan(0)
  expect(count(log, / 40\d$/)).toBe(0)
  expect(count(log, /^\/map-token 200$/)).toBe(1)
  expect(printed.filter((line) => !line.startsWith('[vite]'))).toEqual([])
})

test('Vite’s shorthand gets a token, and what TileJSON then names wrongly is explained', async ({
  openPage,
}) => {
  const { url, broker, log } = await startSite(shorthand)
  const { printed } = await openPage(url, { viewport: SMALL })
  const explained = () => printed.filter((line) => line.startsWith('Tilepass:'))
  await eventually(() => expect(explained().length).toBeGreaterThan(0))
  expect(count(log, /^\/map-token 200$/)).toBe(1)
  const { port } = new URL(broker)
  expect(explained()).toEqual([
    expect.stringMatching(
      `^Tilepass: ${broker}/v1/tiles/.* answered 401, but "allow" does not cover it. The nearest rule is "${url}/v1/": host 127.0.0.1 is not localhost, port ${port} is not ${new URL(url).port}.$`,
    ),
  ])
})

test('a browser without Sec-Fetch-Site reads the recipe in the refusal, and stops asking', async ({
  openPage,
}) => {
  const { url, log } = await startSite(shorthand, true)
  const { page, printed } = await openPage(url, { viewport: SMALL, hasClock: true })
  await page.waitForFunction(() => window.tokens?.state === 'denied')
  const failure = await page.evaluate(() => ({ ...window.tokens.failure }))
  expect(failure).toMatchObject({
    code: 'ERR_TOKEN_DENIED',
    status: 403,
    error: 'origin_not_allowed',
  })
  const recipe = "server.proxy: { '/map-token': { target, changeOrigin: false } }"
  expect(printed.filter((line) => line.startsWith('Tilepass:'))).toEqual([
    expect.stringContaining(recipe),
  ])
  await page.evaluate(() => {
    for (let step = 0; step < 30; step += 1)
      globalThis.map.jumpTo({ center: [step * 5, 20], zoom: 3 })
  })
  await page.clock.runFor(120_000)
  expect(count(log, /^\/map-token 403$/)).toBe(1)
  expect(count(log, /^\/v1\//)).toBe(0)
})
