import { join } from 'node:path'
import { root } from '../repository.ts'

const dist = (name: string, file: string) => join(root, 'node_modules', name, 'dist', file)

/** Scripts of map libraries and the built files of Tilepass, as a page without a bundler loads them. */
export const LIBRARIES: Readonly<Record<string, string>> = {
  '/lib/tilepass-core.iife.js': join(root, 'packages/core/dist/tilepass-core.iife.js'),
  '/lib/tilepass-maplibre.mjs': join(root, 'packages/maplibre/dist/tilepass-maplibre.mjs'),
  '/lib/tilepass-maplibre.iife.js': join(root, 'packages/maplibre/dist/tilepass-maplibre.iife.js'),
  '/lib/tilepass-leaflet.iife.js': join(root, 'packages/leaflet/dist/tilepass-leaflet.iife.js'),
  '/lib/maplibre-6/maplibre-gl.mjs': dist('maplibre-gl', 'maplibre-gl.mjs'),
  '/lib/maplibre-6/maplibre-gl-worker.mjs': dist('maplibre-gl', 'maplibre-gl-worker.mjs'),
  '/lib/maplibre-6/maplibre-gl-shared.mjs': dist('maplibre-gl', 'maplibre-gl-shared.mjs'),
  '/lib/maplibre-5.js': dist('maplibre-gl-5', 'maplibre-gl.js'),
  '/lib/maplibre-4.js': dist('maplibre-gl-4', 'maplibre-gl.js'),
  '/lib/leaflet-1.js': dist('leaflet', 'leaflet.js'),
  '/lib/leaflet-2.js': dist('leaflet-2', 'leaflet-global.js'),
  '/lib/leaflet-fallback.js': dist('leaflet.tilelayer.fallback', 'leaflet.tilelayer.fallback.js'),
  '/lib/leaflet-colorfilter.js': dist(
    'leaflet.tilelayer.colorfilter',
    'leaflet-tilelayer-colorfilter-global.min.js',
  ),
  '/lib/idb.js': join(root, 'node_modules/idb/build/umd.js'),
  '/lib/leaflet-offline.js': dist('leaflet.offline', 'bundle.js'),
  '/lib/leaflet-boundary-canvas.js': join(
    root,
    'node_modules/leaflet-boundary-canvas/src/BoundaryCanvas.js',
  ),
  '/lib/leaflet-maplibre.js': join(
    root,
    'node_modules/@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js',
  ),
  '/lib/leaflet-protomaps.js': dist('protomaps-leaflet', 'protomaps-leaflet.js'),
  '/lib/tilepass-pmtiles.mjs': join(root, 'packages/core/dist/pmtiles.js'),
  '/lib/pmtiles.mjs': dist('pmtiles', 'esm/index.js'),
  '/lib/fflate.mjs': join(root, 'node_modules/fflate/esm/browser.js'),
}

/** Never called. It tells `vitest --changed` which sources the built files come from. */
export const sources = () => [
  import('@tilepass/core'),
  import('@tilepass/core/pmtiles'),
  import('@tilepass/leaflet'),
  import('@tilepass/maplibre'),
]
