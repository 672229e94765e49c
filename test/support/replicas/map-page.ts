import type { Page } from 'playwright'

/** A page of another origin, with MapLibre 6 and the style that TileServer GL serves. */
export const createMapPage = (gateway: string) => `<!doctype html><meta charset="utf-8">
<link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}</style><div id="map"></div>
<script type="module">
  import { Map, addProtocol } from '/lib/maplibre-6/maplibre-gl.mjs'
  import * as T from '/lib/tilepass-maplibre.mjs'
  window.tokens = T.createTokenManager('${gateway}/map-token', { allow: ['${gateway}/data/', '${gateway}/styles/'] })
  const auth = T.createMapAuthorizer(tokens, { addProtocol })
  window.map = new Map({ container: 'map', center: [10, 47], zoom: 3, fadeDuration: 0, maxTileCacheSize: 0,
    style: '${gateway}/styles/world/style.json', transformRequest: auth.transformRequest })
  auth.attach(map)
  window.panTo = (step) => map.jumpTo({ center: [10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7)], zoom: 3 + Math.sin(step / 5) })
  window.settled = () => map.loaded() && map.areTilesLoaded()
  window.failed = () => Object.values(map.style?.tileManagers ?? {}).flatMap((manager) =>
    manager._inViewTiles.getAllTiles().filter((tile) => tile.state === 'errored').map((tile) => tile.tileID.key))
</script>`

/** What a page asked for. */
export interface PageRequests {
  /** Number of requests for tiles by status; 0 is no answer. */
  readonly tiles: ReadonlyMap<number, number>
  /** Number of requests for tokens by status. */
  readonly tokens: ReadonlyMap<number, number>
}

/** Counts what a page asks for from now on. */
export function countRequests(page: Page): PageRequests {
  const tiles = new Map<number, number>()
  const tokens = new Map<number, number>()
  const count = (url: string, method: string, status: number) => {
    const { pathname } = new URL(url)
    const counts = pathname === '/map-token' ? tokens : tiles
    if (method === 'OPTIONS' || !(counts === tokens || pathname.startsWith('/data/'))) return
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  page.on('response', (response) =>
    count(response.url(), response.request().method(), response.status()),
  )
  page.on('requestfailed', (request) => {
    // What left the view is given up by the map itself.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED')
      count(request.url(), request.method(), 0)
  })
  return { tiles, tokens }
}
