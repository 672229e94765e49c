import { type OpenedPage, type PageOptions, test as pageTest } from './page-test.ts'
import { FEW_FRAMES, SMALL } from './panning.ts'
import { type Servers, startServers } from './servers.ts'

export type Version = 4 | 5 | 6
export const VERSIONS: readonly Version[] = [6, 5, 4]

/** What `start` in the page makes a map from. All of it must be JSON. */
export interface Setup {
  readonly style: object | string
  /** A manager for each list of rules. Default: one manager for everything below /v1/. */
  readonly allow?: readonly (readonly unknown[])[]
  readonly waitLimit?: number
  /** A status besides 401 that rejects the token. */
  readonly refusedBy?: number
  /** A text of refusals, whatever their status. */
  readonly refusedText?: string
  /** The application's own transform: the source of a function. */
  readonly transform?: string
  /** Further options of the map. */
  readonly map?: object
  /** Whether the authorizer is attached to the map. Default: true. */
  readonly attach?: boolean
  /** Whether the page listens for errors of the map, as an application does. */
  readonly listen?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: MapLibre's own types differ by version
type AnyMap = any
declare global {
  var start: (setup: Setup) => void
  var addMap: (setup: Setup, element: Element) => AnyMap
  var map: AnyMap
  var maps: AnyMap[]
  var auth: AnyMap
  var managers: AnyMap[]
  /** Errors of the map, if the setup listens for them. */
  var heard: { message: string; url?: string; stack?: string; status?: number }[]
  /** How often the application was asked whether an answer refuses the token. */
  var judged: number
  /** Errors of the managers. */
  var reported: { code: string; message: string }[]
  /** How often a map became idle. */
  var idles: number
  /** How many listeners the authorizer has on the managers. */
  var listeners: number
}

const script = `
  window.maps = []; window.heard = []; window.reported = []; window.judged = 0; window.idles = 0; window.listeners = 0
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
      ...(setup.refusedBy && { isAuthFailure: ({ status }) => status === setup.refusedBy }),
      ...(setup.refusedText && { isAuthFailure: async (answer) => { judged += 1; return (await answer.text()).includes(setup.refusedText) } }) }))
    for (const manager of managers) {
      const { on } = manager
      on('error', ({ code, message }) => reported.push({ code, message }))
      manager.on = (type, listener) => {
        listeners += 1
        const off = on(type, listener)
        return () => { listeners -= 1; off() }
      }
    }
    window.auth = T.createMapAuthorizer(managers, { addProtocol,
      ...(setup.transform && { transformRequest: eval(setup.transform) }) })
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
<style>html,body,#map{margin:0;height:100%}</style><div id="map"></div>
<script>${FEW_FRAMES}</script>`

/** A page in which `start(setup)` makes a map. */
const mapPage = (version: Version) => () =>
  version === 6
    ? `${head}<script type="module">
import * as M from '/lib/maplibre-6/maplibre-gl.mjs'
import * as T from '/lib/tilepass-maplibre.mjs'
{ const { Map, addProtocol } = M; window.M = M; window.T = T; ${script} }
</script>`
    : `${head}<script src="/lib/maplibre-${version}.js"></script><script src="/lib/tilepass-maplibre.iife.js"></script>
<script>{ const T = tilepass, M = maplibregl; const { Map, addProtocol } = M; window.M = M; window.T = T; ${script} }</script>`

const mapPages = Object.fromEntries(
  VERSIONS.map((version) => [`/maplibre-${version}`, mapPage(version)]),
)

export type OpenMap = (version: Version, setup: Setup, options?: PageOptions) => Promise<OpenedPage>

/** A test with servers of its own, and `openMap`, which opens a page with a map. */
export const test = pageTest
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires an object pattern
  .extend('servers', async ({}, { onCleanup }): Promise<Servers> => {
    const servers = await startServers(mapPages)
    onCleanup(() => servers.close())
    return servers
  })
  .extend(
    'openMap',
    ({ openPage, servers }): OpenMap =>
      async (version, setup, options) => {
        const url = `${servers.page}/maplibre-${version}`
        const opened = await openPage(url, { viewport: SMALL, ...options })
        await opened.page.waitForFunction(() => globalThis.start !== undefined)
        await opened.page.evaluate((setup) => globalThis.start(setup), setup)
        return opened
      },
  )
