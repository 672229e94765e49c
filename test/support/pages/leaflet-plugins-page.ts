import type { Browser } from 'playwright'
import { type Mode, openLeaflet } from './leaflet-page.ts'
import { VECTOR } from './servers.ts'

const script = (name: string) => `<script src="/lib/${name}"></script>`

/** What a page adds for a plugin: the plugin's own files, as its README has them, and ours. */
const PLUGINS = {
  fallback: script('leaflet-fallback.js'),
  colorfilter: script('leaflet-colorfilter.js'),
  protomaps: `<script type="importmap">{ "imports": { "pmtiles": "/lib/pmtiles.mjs", "fflate": "/lib/fflate.mjs" } }</script>
${script('leaflet-protomaps.js')}
<script type="module">
  import { createPmtilesArchive } from '/lib/tilepass-pmtiles.mjs'
  window.createPmtilesArchive = createPmtilesArchive
  window.isBlank = (canvas) => canvas.width === 0 ||
    canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] === 0
</script>`,
  maplibre: `${script('maplibre-5.js')}${script('leaflet-maplibre.js')}${script('tilepass-maplibre.iife.js')}`,
}

declare global {
  interface Window {
    // biome-ignore lint/suspicious/noExplicitAny: of plugins that have no types for a script tag
    protomapsL: any
    // biome-ignore lint/suspicious/noExplicitAny: as above
    MaplibreGLLeaflet: any
    // biome-ignore lint/suspicious/noExplicitAny: of a MapLibre that is not the one whose types are installed
    maplibregl: any
    tilepass: Pick<typeof import('@tilepass/maplibre'), 'createMapAuthorizer'>
    createPmtilesArchive: typeof import('@tilepass/core/pmtiles').createPmtilesArchive
    /** Tells whether nothing has been drawn at the middle of a canvas. */
    isBlank: (canvas: HTMLCanvasElement) => boolean
    /** Every token issued so far is refused from now on. */
    revokeAll: () => Promise<void>
  }
}

/** A PMTiles archive of zoom 0 to 2: one entry for 21 tiles, all of them the same. */
function createArchive(): Buffer {
  const directory = Buffer.from([1, 0, 21, VECTOR.length, 1])
  const metadata = Buffer.from('{}')
  const header = Buffer.alloc(127)
  header.write('PMTiles')
  header[7] = 3
  const metadataStart = header.length + directory.length
  const tilesStart = metadataStart + metadata.length
  const numbers = [
    ...[header.length, directory.length, metadataStart, metadata.length, 0, 0],
    ...[tilesStart, VECTOR.length, 21, 1, 1],
  ]
  for (const [index, value] of numbers.entries())
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * index)
  // Clustered, nothing compressed, vector tiles.
  header.set([1, 1, 1, 1, 0, 2], 96)
  for (const [index, degrees] of [-180, -85, 180, 85].entries())
    header.writeInt32LE(degrees * 1e7, 102 + 4 * index)
  return Buffer.concat([header, directory, metadata, VECTOR])
}

/** The style `/v1/land.json`, whose one source are vector tiles. */
const createStyle = (tiles: string) => ({
  version: 8,
  sources: {
    land: { type: 'vector', tiles: [`${tiles}/v1/vector/{z}/{x}/{y}.mvt`], maxzoom: 14 },
  },
  layers: [{ id: 'land', type: 'fill', source: 'land', 'source-layer': 'land' }],
})

/**
 * Opens a page with Leaflet 1.9.4, a plugin and a map of zoom 3. Beside the usual resources there are
 * `/v1/world.pmtiles`, `/v1/land.json`, and `/v1/sparse/`, where the tiles of zoom 4 and more are missing.
 */
export async function openThirdParty(browser: Browser, plugin: keyof typeof PLUGINS, mode: Mode) {
  const start = '<script>map.setView([0, 0], 3, { animate: false })</script>'
  const opened = await openLeaflet(browser, 1, mode, '', `${PLUGINS[plugin]}${start}`)
  const { servers } = opened
  servers.refuse = (path) => (/\/sparse\/([4-9]|1\d)\//.test(path) ? 404 : undefined)
  servers.files['/v1/world.pmtiles'] = createArchive()
  servers.files['/v1/land.json'] = Buffer.from(JSON.stringify(createStyle(servers.tiles)))
  await opened.page.exposeFunction('revokeAll', () => servers.issuer.revokeAll())
  return opened
}
