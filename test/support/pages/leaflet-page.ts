import type { Browser } from 'playwright'
import { openPage, type Watched } from './chromium.ts'
import { type Servers, startServers } from './servers.ts'

export type Version = 1 | 2
export type Mode = 'header' | 'query'

/** Every combination of Leaflet and of the way a token travels. */
export const COMBINATIONS = ([1, 2] as const).flatMap((version) =>
  (['header', 'query'] as const).map((mode) => ({
    version,
    mode,
    library: version === 1 ? 'Leaflet 1.9.4' : 'Leaflet 2.0.0-alpha.1',
  })),
)

/** What a test finds in the page. */
export interface LeafletPage {
  // biome-ignore lint/suspicious/noExplicitAny: the two versions of Leaflet have no common types
  L: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  map: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  T: Record<'createTileLayer' | 'withTokens', (Base: any, url?: string, options?: object) => any>
  tokens: import('@tilepass/core').TokenManager
  /** A tile URL that needs a token, and one on another host that needs none. */
  url: string
  openUrl: string
  /** Object URLs that have been made and not revoked. */
  objectUrls: Set<string>
  /** Fetches of tiles: in flight now, at most, aborted, and the URLs in order. */
  fetches: { now: number; most: number; aborted: number; urls: string[] }
  /** Waits until the condition holds. */
  until: (condition: () => unknown) => Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  incomplete: (layer: any) => string[]
}

declare global {
  interface Window extends LeafletPage {}
}

/** A page with a map and no layer. `before` runs ahead of every other script, `after` is HTML for the end. */
function leafletPage(version: Version, mode: Mode, before: string, after: string) {
  return (servers: Servers) => {
    const prefix = `${servers.tiles}/v1/`
    const rule = mode === 'header' ? prefix : { prefix, attach: { query: 'access_token' } }
    return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}.leaflet-tile,.leaflet-pane,.leaflet-tile-container{position:absolute;left:0;top:0}.leaflet-container{overflow:hidden}
.leaflet-zoom-anim .leaflet-zoom-animated{transition:transform .25s}</style>
<div id="map"></div>
<script>${before}
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
  window.url = '${servers.tiles}/v1/raster/{z}/{x}/{y}.png'
  window.openUrl = '${servers.stranger}/v1/raster/{z}/{x}/{y}.png'
  window.map = new ${version === 1 ? 'L.Map' : 'L.LeafletMap'}('map', { center: [50, 10], zoom: 5, fadeAnimation: false })
  window.incomplete = (layer) => Object.entries(layer._tiles).filter(([, { el }]) => !(el.complete && el.naturalWidth > 0)).map(([key]) => key)
</script>
${after}`
  }
}

/** Opens such a page on servers of its own. Closes them with `close`. */
export async function openLeaflet(
  browser: Browser,
  version: Version,
  mode: Mode,
  before = '',
  after = '',
): Promise<Watched & { servers: Servers; close(): Promise<void> }> {
  const servers = await startServers({ '/': leafletPage(version, mode, before, after) })
  const watched = await openPage(browser, `${servers.page}/`)
  return {
    ...watched,
    servers,
    async close() {
      await watched.page.close()
      await servers.close()
    },
  }
}
