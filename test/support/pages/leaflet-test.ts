import { expect } from 'vitest'
import { type OpenedPage, test as pageTest } from './page-test.ts'
import { type Servers, startServers } from './servers.ts'

export type Version = 1 | 2
export type Mode = 'header' | 'query'

/** Every combination of a Leaflet version and a way to attach the token. */
export const COMBINATIONS = ([1, 2] as const).flatMap((version) =>
  (['header', 'query'] as const).map((mode) => ({
    version,
    mode,
    library: version === 1 ? 'Leaflet 1.9.4' : 'Leaflet 2.0.0-alpha.1',
  })),
)

/** Names of the page for tests. */
export interface LeafletPage {
  // biome-ignore lint/suspicious/noExplicitAny: the two versions of Leaflet have no common types
  L: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  map: any
  /** The layer of the test, where it sets one; `failed` and `settled` ask about it. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  layer: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  T: Record<'createTileLayer' | 'withTokens', (Base: any, url?: string, options?: object) => any>
  /** Events of the layer, where a test records them. */
  events: string[]
  tokens: import('@tilepass/core').TokenManager
  /** A tile URL that needs a token, and one on another host that needs none. */
  url: string
  openUrl: string
  /** Object URLs that were created and not yet revoked. */
  objectUrls: Set<string>
  /** Fetches of tiles: in flight now, most at the same time, aborted, and the URLs in order. */
  fetches: { now: number; most: number; aborted: number; urls: string[] }
  /** Waits until the condition holds. */
  until: (condition: () => unknown) => Promise<void>
  /** Keys of the tiles of a layer whose image is not shown. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  incomplete: (layer: any) => string[]
}

declare global {
  interface Window extends LeafletPage {}
}

export interface LeafletOptions {
  /** A script that runs before every other script of the page. */
  readonly before?: string
  /** HTML for the end of the page. */
  readonly after?: string
  /** Where the tiles are. Default: on another origin. */
  readonly tiles?: 'same origin'
}

/** A page with a map and no layer. */
function leafletPage(version: Version, mode: Mode, { before, after, tiles }: LeafletOptions) {
  return (servers: Servers) => {
    const base = tiles === 'same origin' ? servers.page : servers.tiles
    const prefix = `${base}/v1/`
    const rule = mode === 'header' ? prefix : { prefix, attach: { query: 'access_token' } }
    return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}.leaflet-tile,.leaflet-pane,.leaflet-tile-container{position:absolute;left:0;top:0}.leaflet-container{overflow:hidden}
.leaflet-zoom-anim .leaflet-zoom-animated{transition:transform .25s}</style>
<div id="map"></div>
<script>${before ?? ''}
  window.objectUrls = new Set()
  window.fetches = { now: 0, most: 0, aborted: 0, urls: [] }
  const create = URL.createObjectURL, revoke = URL.revokeObjectURL, stockFetch = window.fetch
  URL.createObjectURL = (blob) => { const url = create(blob); objectUrls.add(url); return url }
  URL.revokeObjectURL = (url) => { objectUrls.delete(url); revoke(url) }
  window.fetch = async (input, init) => {
    const request = new Request(input, init)
    if (!request.url.includes('/v1/')) return stockFetch(request)
    fetches.urls.push(request.url)
    fetches.now += 1
    fetches.most = Math.max(fetches.most, fetches.now)
    try { return await stockFetch(request) }
    catch (error) { if (request.signal.aborted) fetches.aborted += 1; throw error }
    finally { fetches.now -= 1 }
  }
  window.until = async (condition) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
  }
</script>
<script src="/lib/leaflet-${version}.js"></script><script src="/lib/tilepass-leaflet.iife.js"></script>
<script>
  window.T = tilepass
  window.tokens = T.createTokenManager('/map-token', { allow: [${JSON.stringify(rule)}] })
  tokens.on('error', () => {})
  window.url = '${base}/v1/raster/{z}/{x}/{y}.png'
  window.openUrl = '${servers.stranger}/v1/raster/{z}/{x}/{y}.png'
  window.map = new ${version === 1 ? 'L.Map' : 'L.LeafletMap'}('map', { center: [50, 10], zoom: 5, fadeAnimation: false })
  window.incomplete = (layer) => Object.entries(layer._tiles).filter(([, { el }]) => !(el.complete && el.naturalWidth > 0)).map(([key]) => key)
  window.failed = () => incomplete(layer)
  window.settled = () => !layer.isLoading()
  window.panTo = (step) => map.setView([40 * Math.sin(step / 7), 10 + 60 * Math.sin(step / 9)], Math.round(4.5 + 1.5 * Math.sin(step / 5)), { animate: false })
</script>
${after ?? ''}`
  }
}

export type OpenLeaflet = (
  version: Version,
  mode: Mode,
  options?: LeafletOptions,
) => Promise<OpenedPage & { readonly servers: Servers }>

/**
 * A test with `openLeaflet`, which opens a page on servers of its own. At the end of the test nothing
 * may have been printed, and no token may have reached the stranger.
 */
export const test = pageTest.extend('openLeaflet', ({ openPage }, { onCleanup }): OpenLeaflet => {
  const pages: (OpenedPage & { readonly servers: Servers })[] = []
  onCleanup(() => {
    for (const { servers } of pages) servers.close()
    for (const { printed, servers } of pages)
      expect([printed, servers.counts.leaked]).toEqual([[], []])
  })
  return async (version, mode, options = {}) => {
    const servers = await startServers({ '/': leafletPage(version, mode, options) })
    const opened = { ...(await openPage(`${servers.page}/`)), servers }
    pages.push(opened)
    return opened
  }
})
