// @ts-check
import { STATIC_TOKEN } from './map-site.mjs'

// Pages with a map, once with a plugin and once with a static token. `firstTile` is when the first tile was
// there, in ms since the navigation began.

const HEAD = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>html,body,#map{margin:0;height:100%}.leaflet-tile,.leaflet-pane,.leaflet-tile-container{position:absolute;left:0;top:0}.leaflet-container{overflow:hidden}</style>
<div id="map"></div>`

const LAYERS = { vector: 'fill', raster: 'raster' }

/** A style with a layer for each source. @param {Record<string, { type: 'vector' | 'raster', [setting: string]: unknown }>} sources */
export function toStyle(sources) {
  const layers = Object.entries(sources).map(([source, { type }]) => ({
    ...{ id: source, type: LAYERS[type], source },
    ...(type === 'vector' && { 'source-layer': 'land' }),
  }))
  return { version: 8, sources, layers }
}

/**
 * A page with MapLibre 6.
 *
 * @param {string | object} style Its URL, or itself.
 * @param {'plugin' | 'static'} kind
 */
export function toMapLibrePage(style, kind) {
  const [imports, setUp, then] =
    kind === 'plugin'
      ? [
          `import { createMapAuthorizer, createTokenManager } from '/lib/tilepass-maplibre.mjs'`,
          `window.tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
const authorizer = createMapAuthorizer(tokens, { addProtocol })
const { transformRequest } = authorizer`,
          'authorizer.attach(map)',
        ]
      : [
          '',
          `const headers = { Authorization: 'Bearer ${STATIC_TOKEN}' }
const transformRequest = (given) => {
  const url = new URL(given, location).href
  return url.startsWith(origin + '/v1/') ? { url, headers } : undefined
}`,
          '',
        ]
  return `${HEAD}<script type="module">
import { addProtocol, Map } from '/lib/maplibre-gl.mjs'
${imports}
${setUp}
window.map = new Map({ container: 'map', center: [10, 50], zoom: 4, fadeDuration: 0, attributionControl: false,
  style: ${JSON.stringify(style)}, transformRequest })
${then}
map.on('data', ({ tile }) => {
  if (tile?.state === 'loaded') window.firstTile ??= performance.now()
})
</script>`
}

const TILES = '/v1/{z}/{x}/{y}.png'

/** How a page with Leaflet makes its layer. */
const LEAFLET_LAYERS = {
  header: {
    plugin: `tilepass.createTileLayer(L.TileLayer, '${TILES}', { tokens })`,
    static: `new (L.TileLayer.extend({ createTile(coords, done) {
  const tile = document.createElement('img')
  tile.onload = () => done(null, tile)
  fetch(this.getTileUrl(coords), { headers: { Authorization: 'Bearer ${STATIC_TOKEN}' } })
    .then((response) => response.blob())
    .then((image) => { tile.src = URL.createObjectURL(image) })
  return tile
} }))('${TILES}')`,
  },
  query: {
    plugin: `tilepass.createTileLayer(L.TileLayer, '${TILES}', { tokens })`,
    static: `L.tileLayer('${TILES}?access_token=${STATIC_TOKEN}')`,
  },
}

/**
 * A page with Leaflet 1.9.
 *
 * @param {'header' | 'query'} attach How the token travels.
 * @param {'plugin' | 'static'} kind
 */
export function toLeafletPage(attach, kind) {
  const rule =
    attach === 'query' ? `{ prefix: '/v1/', attach: { query: 'access_token' } }` : `'/v1/'`
  const plugin = `<script src="/lib/tilepass-leaflet.js"></script>
<script>window.tokens = tilepass.createTokenManager('/map-token', { allow: [${rule}] })</script>`
  return `${HEAD}<script src="/lib/leaflet.js"></script>
${kind === 'plugin' ? plugin : ''}
<script>
window.layer = ${LEAFLET_LAYERS[attach][kind]}
layer.on('tileload', () => { window.firstTile ??= performance.now() })
window.map = L.map('map', { center: [50, 10], zoom: 5, fadeAnimation: false }).addLayer(layer)
</script>`
}
