import { expect } from 'vitest'
import { test as leafletTest, type Mode } from './leaflet-test.ts'
import { FEW_FRAMES } from './panning.ts'
import { createArchive } from './pmtiles-archive.ts'
import type { Servers } from './servers.ts'

const script = (name: string) => `<script src="/lib/${name}"></script>`

/** The scripts that a page adds for a plugin: the plugin's own, as in its README, and those of Tilepass. */
const PLUGINS = {
  fallback: script('leaflet-fallback.js'),
  colorfilter: script('leaflet-colorfilter.js'),
  offline: script('idb.js') + script('leaflet-offline.js'),
  boundary: script('leaflet-boundary-canvas.js'),
  protomaps: `<script type="importmap">{ "imports": { "pmtiles": "/lib/pmtiles.mjs", "fflate": "/lib/fflate.mjs" } }</script>
${script('leaflet-protomaps.js')}
<script type="module">
  import { createPmtilesArchive } from '/lib/tilepass-pmtiles.mjs'
  window.createPmtilesArchive = createPmtilesArchive
  window.isBlank = (canvas) => canvas.width === 0 ||
    canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] === 0
</script>`,
  maplibre: `<script>${FEW_FRAMES}</script>${script('maplibre-5.js')}${script('leaflet-maplibre.js')}${script('tilepass-maplibre.iife.js')}`,
}

declare global {
  interface Window {
    // biome-ignore lint/suspicious/noExplicitAny: the plugins have no types for a script tag
    protomapsL: any
    // biome-ignore lint/suspicious/noExplicitAny: as above
    MaplibreGLLeaflet: any
    // biome-ignore lint/suspicious/noExplicitAny: the types of another version of MapLibre are installed
    maplibregl: any
    LeafletOffline: typeof import('leaflet.offline')
    tilepass: Pick<typeof import('@tilepass/maplibre'), 'createMapAuthorizer'>
    createPmtilesArchive: typeof import('@tilepass/core/pmtiles').createPmtilesArchive
    /** Whether the middle of a canvas is transparent. */
    isBlank: (canvas: HTMLCanvasElement) => boolean
    /** Makes the servers refuse every token issued so far. */
    revokeAll: () => Promise<void>
  }
}

/** The style `/v1/land.json`, with one source of vector tiles. */
const createStyle = (tiles: string) => ({
  version: 8,
  sources: {
    land: { type: 'vector', tiles: [`${tiles}/v1/vector/{z}/{x}/{y}.mvt`], maxzoom: 14 },
  },
  layers: [{ id: 'land', type: 'fill', source: 'land', 'source-layer': 'land' }],
})

/**
 * A test with `openPlugin`, which opens a page with Leaflet 1.9.4, a plugin and a map at zoom 3. Besides
 * the usual resources there are `/v1/world.pmtiles`, `/v1/land.json`, and `/v1/sparse/`, which has no
 * tiles at zoom 4 and above. At the end of the test every request for a resource must have had a token.
 */
export const test = leafletTest.extend('openPlugin', ({ openLeaflet }, { onCleanup }) => {
  const logs: Servers['log'][] = []
  onCleanup(() => {
    for (const log of logs) {
      expect(log.length).toBeGreaterThan(0)
      expect(log.filter(({ token }) => token === undefined)).toEqual([])
    }
  })
  return async (plugin: keyof typeof PLUGINS, mode: Mode) => {
    const start = '<script>map.setView([0, 0], 3, { animate: false })</script>'
    const opened = await openLeaflet(1, mode, { after: `${PLUGINS[plugin]}${start}` })
    const { page, servers } = opened
    servers.refuse = (path) => (/\/sparse\/([4-9]|1\d)\//.test(path) ? 404 : undefined)
    servers.files['/v1/world.pmtiles'] = createArchive()
    servers.files['/v1/land.json'] = Buffer.from(JSON.stringify(createStyle(servers.tiles)))
    await page.exposeFunction('revokeAll', () => servers.issuer.revokeAll())
    logs.push(servers.log)
    return opened
  }
})
