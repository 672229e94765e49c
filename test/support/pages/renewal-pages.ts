import type { Servers } from './servers.ts'

/** How a page's tokens travel and where its tiles are. */
export interface PageOptions {
  readonly origin: 'same' | 'other'
  readonly attach: 'header' | 'query'
}

const allow = (servers: Servers, { origin, attach }: PageOptions) => {
  const prefix = origin === 'same' ? '/v1/' : `${servers.tiles}/v1/`
  return JSON.stringify([
    attach === 'header' ? prefix : { prefix, attach: { query: 'access_token' } },
  ])
}

const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}.leaflet-tile,.leaflet-pane,.leaflet-tile-container{position:absolute;left:0;top:0}.leaflet-container{overflow:hidden}</style>
<div id="map"></div>`

const style = (base: string, extra: object) =>
  JSON.stringify({
    version: 8,
    glyphs: `${base}/v1/glyphs/{fontstack}/{range}.pbf`,
    sources: {
      raster: { type: 'raster', tiles: [`${base}/v1/raster/{z}/{x}/{y}.png`], tileSize: 256 },
      vector: { type: 'vector', url: `${base}/v1/tiles.json` },
      dem: { type: 'raster-dem', tiles: [`${base}/v1/dem/{z}/{x}/{y}.png`], tileSize: 256 },
      json: { type: 'geojson', data: `${base}/v1/data.geojson` },
      ...extra,
    },
    layers: [
      { id: 'raster', type: 'raster', source: 'raster', paint: { 'raster-fade-duration': 0 } },
      {
        id: 'land',
        type: 'fill',
        source: 'vector',
        'source-layer': 'land',
        paint: { 'fill-opacity': 0.3 },
      },
      { id: 'hills', type: 'hillshade', source: 'dem' },
      { id: 'json', type: 'line', source: 'json' },
      ...Object.keys(extra).map((source) => ({ id: source, type: 'raster', source })),
    ],
  })

const setup = (servers: Servers, options: PageOptions) => `
  window.errors = []
  window.addEventListener('error', (event) => errors.push(String(event.message)))
  window.addEventListener('unhandledrejection', (event) => errors.push(String(event.reason)))
  window.tokens = T.createTokenManager('/map-token', { allow: ${allow(servers, options)} })
  tokens.on('error', () => {})
`

const mapScript = (servers: Servers, options: PageOptions, extra = {}) => {
  const base = options.origin === 'same' ? servers.page : servers.tiles
  return `${setup(servers, options)}
  window.auth = T.createMapAuthorizer(tokens, { addProtocol })
  window.map = new Map({ container: 'map', center: [10, 50], zoom: 5, fadeDuration: 0,
    style: ${style(base, extra)}, transformRequest: auth.transformRequest })
  auth.attach(map)
  window.failed = () => {
    const managers = map.style.tileManagers ?? map.style.sourceCaches
    return Object.values(managers).flatMap((manager) => {
      const tiles = manager._inViewTiles ? manager._inViewTiles.getAllTiles() : Object.values(manager._tiles)
      return tiles.filter((tile) => tile.state === 'errored').map((tile) => manager.id + ' ' + tile.tileID.key)
    })
  }
  window.panTo = (step) => map.jumpTo({ center: [10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7)], zoom: 4.5 + 1.5 * Math.sin(step / 5) })
  window.settled = () => map.loaded() && map.areTilesLoaded()
`
}

/** A page with MapLibre 6, which has no script build. */
export const mapLibre6 =
  (options: PageOptions, extra?: (servers: Servers) => object) => (servers: Servers) =>
    `${head}
<script type="module">
  import { Map, addProtocol } from '/lib/maplibre-6/maplibre-gl.mjs'
  import * as T from '/lib/tilepass-maplibre.mjs'
  ${mapScript(servers, options, extra?.(servers))}
</script>`

/** A page with MapLibre 4 or 5 from a script tag. */
export const mapLibreScript =
  (version: 4 | 5, options: PageOptions, extra?: (servers: Servers) => object) =>
  (servers: Servers) =>
    `${head}
<script src="/lib/maplibre-${version}.js"></script><script src="/lib/tilepass-maplibre.iife.js"></script>
<script>{ const T = tilepass; const { Map, addProtocol } = maplibregl
  ${mapScript(servers, options, extra?.(servers))}
}</script>`

/** A page with Leaflet 1.9 or 2.0 from a script tag. */
export const leaflet =
  (version: 1 | 2, options: PageOptions, path = 'raster') =>
  (servers: Servers) =>
    `${head}
<script src="/lib/leaflet-${version}.js"></script><script src="/lib/tilepass-leaflet.iife.js"></script>
<script>{ const T = tilepass
  ${setup(servers, options)}
  window.map = new ${version === 1 ? 'L.Map' : 'L.LeafletMap'}('map', { center: [50, 10], zoom: 5, fadeAnimation: false, zoomAnimation: false })
  window.events = []
  window.layer = T.createTileLayer(L.TileLayer, '${options.origin === 'same' ? '' : servers.tiles}/v1/${path}/{z}/{x}/{y}.png', { tokens })
  for (const type of ['tileload', 'tileerror', 'tileabort', 'load']) layer.on(type, (event) => events.push({ type, status: event.error?.status }))
  layer.addTo(map)
  window.failed = () => Object.entries(layer._tiles).filter(([, { el, loaded }]) => loaded && !(el.complete && el.naturalWidth > 0)).map(([key]) => key)
  window.panTo = (step) => map.setView([40 * Math.sin(step / 7), 10 + 60 * Math.sin(step / 9)], Math.round(4.5 + 1.5 * Math.sin(step / 5)), { animate: false })
  window.settled = () => !layer.isLoading()
}</script>`
