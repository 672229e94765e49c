import type { Browser, Page } from 'playwright'
import { openPage, type Watched } from './chromium.ts'
import type { Servers } from './servers.ts'

export type Version = 4 | 5 | 6
export const VERSIONS: readonly Version[] = [6, 5, 4]

/** What `start` in the page makes a map from. Everything must be JSON. */
export interface Setup {
  readonly style: object | string
  /** One manager for each list of rules. Default: one, for everything below /v1/. */
  readonly allow?: readonly (readonly unknown[])[]
  readonly waitLimit?: number
  /** A status other than 401 that means "this token is no good". */
  readonly refusedBy?: number
  /** Options of the map beside style and transformRequest. */
  readonly map?: object
  readonly attach?: boolean
  /** Listens for errors of the map, as an application does. */
  readonly listen?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: MapLibre's own types differ by version
type AnyMap = any
declare global {
  var start: (setup: Setup) => void
  var map: AnyMap
  var maps: AnyMap[]
  var auth: AnyMap
  var managers: AnyMap[]
  var heard: { message: string; url?: string; stack?: string; status?: number }[]
  var reported: { code: string; message: string }[]
  var idles: number
  /** Tiles of every source that have failed, on every map. */
  var failed: () => string[]
  var settled: () => boolean
}

const script = `
  window.maps = []; window.heard = []; window.reported = []; window.idles = 0
  window.addMap = (setup, element) => {
    const map = new Map({ container: element, center: [10, 50], zoom: 4, fadeDuration: 0, attributionControl: false,
      style: setup.style, transformRequest: auth.transformRequest, ...setup.map })
    maps.push(map)
    map.on('idle', () => { idles += 1 })
    if (setup.attach !== false) auth.attach(map)
    if (setup.listen) map.on('error', ({ error }) => heard.push({ message: error.message, url: error.url, stack: error.stack, status: error.status }))
    return map
  }
  window.start = (setup) => {
    window.managers = (setup.allow ?? [['/v1/']]).map((allow) => T.createTokenManager('/map-token', { allow,
      ...(setup.waitLimit && { waitLimit: setup.waitLimit }),
      ...(setup.refusedBy && { isAuthFailure: ({ status }) => status === setup.refusedBy }) }))
    for (const manager of managers) manager.on('error', ({ code, message }) => reported.push({ code, message }))
    window.auth = T.createMapAuthorizer(managers, { addProtocol })
    window.map = addMap(setup, 'map')
  }
  window.failed = () => maps.flatMap((map) => Object.values(map.style?.tileManagers ?? map.style?.sourceCaches ?? {}).flatMap((manager) => {
    const tiles = manager._inViewTiles ? manager._inViewTiles.getAllTiles() : Object.values(manager._tiles)
    return tiles.filter((tile) => tile.state === 'errored').map((tile) => manager.id + ' ' + tile.tileID.key)
  }))
  window.settled = () => maps.length > 0 && maps.every((map) => map.loaded() && map.areTilesLoaded())
  window.panTo = (step) => map.jumpTo({ center: [10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7)], zoom: 3.5 + 1.5 * Math.sin(step / 5) })
`

const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}</style><div id="map"></div>`

/** A page in which \`start(setup)\` makes a map. */
export const mapPage = (version: Version) => () =>
  version === 6
    ? `${head}<script type="module">
import * as M from '/lib/maplibre-6/maplibre-gl.mjs'
import * as T from '/lib/tilepass-maplibre.mjs'
{ const { Map, addProtocol } = M; window.M = M; window.T = T; ${script} }
</script>`
    : `${head}<script src="/lib/maplibre-${version}.js"></script><script src="/lib/tilepass-maplibre.iife.js"></script>
<script>{ const T = tilepass, M = maplibregl; const { Map, addProtocol } = M; window.M = M; window.T = T; ${script} }</script>`

export const mapPages = Object.fromEntries(
  VERSIONS.map((version) => [`/maplibre-${version}`, mapPage(version)]),
)

export async function openMap(
  browser: Browser,
  servers: Servers,
  version: Version,
  setup: Setup,
  init?: string,
): Promise<Watched> {
  const watched = await openPage(browser, `${servers.page}/maplibre-${version}`, init)
  await watched.page.waitForFunction(() => globalThis.start !== undefined)
  await watched.page.evaluate((setup) => globalThis.start(setup), setup)
  return watched
}

/** Forgets what the servers saw, and puts them back to normal. */
export function reset(servers: Servers): void {
  Object.assign(servers, { broker: 'works', refuse: undefined, lifetime: 60_000 })
  servers.log.length = 0
  Object.assign(servers.counts, {
    exchanges: 0,
    tiles: 0,
    refused: 0,
    preflights: 0,
  })
  servers.counts.leaked.length = 0
}

/** Waits until every tile is there: settled, none failed. */
export async function healed(page: Page, timeout = 30_000): Promise<void> {
  await page.waitForFunction(
    () => globalThis.settled() && globalThis.failed().length === 0,
    undefined,
    { timeout },
  )
}

export const raster = (base: string, path = 'raster') => ({
  type: 'raster',
  tiles: [`${base}/v1/${path}/{z}/{x}/{y}.png`],
  tileSize: 256,
})

/** A style of the given sources, each with a layer that shows it. */
export function styleOf(sources: Record<string, { type: string }>, more: object = {}): object {
  const shows: Record<string, string> = {
    raster: 'raster',
    'raster-dem': 'hillshade',
    image: 'raster',
    video: 'raster',
    vector: 'fill',
    geojson: 'line',
  }
  return {
    version: 8,
    sources,
    layers: Object.entries(sources).map(([source, { type }]) => ({
      id: source,
      type: shows[type],
      source,
      ...(type === 'vector' && { 'source-layer': 'land' }),
    })),
    ...more,
  }
}

/** A style with every kind of resource that a style can name. */
export function everyKind(base: string): object {
  const style = styleOf({
    raster: raster(base),
    vector: { type: 'vector', url: `${base}/v1/tiles.json` } as { type: string },
    dem: { ...raster(base, 'dem'), type: 'raster-dem' },
    json: { type: 'geojson', data: `${base}/v1/data.geojson` } as { type: string },
    image: {
      type: 'image',
      url: `${base}/v1/image.png`,
      coordinates: [
        [0, 60],
        [20, 60],
        [20, 40],
        [0, 40],
      ],
    } as { type: string },
  }) as { layers: object[] }
  return {
    ...style,
    glyphs: `${base}/v1/glyphs/{fontstack}/{range}.pbf`,
    sprite: `${base}/v1/sprite`,
    layers: [
      ...style.layers,
      {
        id: 'names',
        type: 'symbol',
        source: 'vector',
        'source-layer': 'land',
        layout: { 'text-field': 'name', 'text-font': ['Font'], 'icon-image': 'dot' },
      },
    ],
  }
}
