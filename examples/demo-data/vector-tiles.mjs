import { gzipSync } from 'node:zlib'
import { GeoJSONVT } from '@maplibre/geojson-vt'
import { fromGeojsonVt } from '@maplibre/vt-pbf'
import { boundaries, coastline, countryPolygons, labels } from './world.mjs'

const MAX_ZOOM = 5
/** Units per tile. A quarter of a pixel is precise enough here and halves the archive's size. */
const EXTENT = 2048
const collection = (features) => ({ type: 'FeatureCollection', features })
const line = (geometry) => collection([{ type: 'Feature', properties: {}, geometry }])

const LAYERS = {
  countries: { data: collection(countryPolygons), fields: { name: 'String', tint: 'Number' } },
  coastline: { data: line(coastline), fields: {} },
  boundaries: { data: line(boundaries), fields: {} },
  labels: { data: collection(labels), fields: { class: 'String', name: 'String', rank: 'Number' } },
}

/** @returns {{ tiles: { z: number, x: number, y: number, data: Buffer }[], metadata: object }} gzipped MVT; empty tiles are omitted */
export function makeVectorTiles() {
  // geojson-vt does not simplify its last zoom, so its last zoom is one more than ours.
  const options = {
    maxZoom: MAX_ZOOM + 1,
    indexMaxZoom: MAX_ZOOM,
    indexMaxPoints: 0,
    tolerance: 4,
    extent: EXTENT,
    buffer: 32,
  }
  const indexes = Object.entries(LAYERS).map(([name, { data }]) => [
    name,
    new GeoJSONVT(data, options),
  ])
  const tiles = []
  for (let z = 0; z <= MAX_ZOOM; z++) {
    for (let x = 0; x < 2 ** z; x++) {
      for (let y = 0; y < 2 ** z; y++) {
        const layers = indexes
          .map(([name, index]) => [name, index.getTile(z, x, y)])
          .filter(([, tile]) => tile?.features.length)
        if (layers.length === 0) continue
        const pbf = fromGeojsonVt(Object.fromEntries(layers), { version: 2, extent: EXTENT })
        tiles.push({ z, x, y, data: gzipSync(pbf, { level: 9 }) })
      }
    }
  }
  const metadata = {
    name: 'world',
    description: 'Countries, coasts and places of the world',
    attribution: 'Natural Earth',
    type: 'baselayer',
    vector_layers: Object.entries(LAYERS).map(([id, { fields }]) => ({
      id,
      fields,
      minzoom: 0,
      maxzoom: MAX_ZOOM,
    })),
  }
  return { tiles, metadata }
}
