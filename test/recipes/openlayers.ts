import './tokens.ts'
import { addTokens } from 'recipe:openlayers'
import MVT from 'ol/format/MVT.js'
import TileLayer from 'ol/layer/Tile.js'
import VectorTileLayer from 'ol/layer/VectorTile.js'
import OlMap from 'ol/Map.js'
import { fromLonLat } from 'ol/proj.js'
import type UrlTile from 'ol/source/UrlTile.js'
import VectorTileSource from 'ol/source/VectorTile.js'
import XYZ from 'ol/source/XYZ.js'
import View from 'ol/View.js'

declare global {
  /** Moves the map to a place. */
  var look: (longitude: number, latitude: number, zoom: number) => void
  var source: UrlTile
  /** Ends what the recipe began. */
  var removeTokens: () => void
  /** How many features of the tiles in view are drawn in the middle of the map; pixels for images. */
  var drawn: () => Promise<number>
}

const isVector = new URLSearchParams(location.search).get('kind') === 'vector'
const addLayer = (host: string) => {
  const url = `${host}/v1/${isVector ? 'vector' : 'raster'}/{z}/{x}/{y}`
  if (isVector) {
    const source = new VectorTileSource({
      format: new MVT(),
      url: `${url}.mvt`,
      maxZoom: 14,
      tileSize: 128,
    })
    return { source, layer: new VectorTileLayer({ source }) }
  }
  const source = new XYZ({ url: `${url}.png` })
  return { source, layer: new TileLayer({ source }) }
}
const ours = addLayer('https://tiles.example.com')
const open = addLayer(stranger)

/** Tiles that failed or are being loaded, by source and coordinate. */
const failed = new Set<string>()
const loading = new Set<string>()
for (const { source } of [ours, open] as { source: UrlTile }[]) {
  const name = source === ours.source ? 'ours' : 'open'
  source.on(
    ['tileloadstart', 'tileloadend', 'tileloaderror'] as never,
    (({ type, tile }: { type: string; tile: { tileCoord: number[] } }) => {
      const key = `${name} ${tile.tileCoord}`
      loading.delete(key)
      failed.delete(key)
      if (type === 'tileloadstart') loading.add(key)
      if (type === 'tileloaderror') failed.add(key)
    }) as never,
  )
}
const removers = [addTokens(ours.source), addTokens(open.source)]

const view = new View({ center: fromLonLat([10, 50]), zoom: 4 })
const map = new OlMap({ target: 'map', controls: [], layers: [open.layer, ours.layer], view })
/** Whether the map was drawn with all its tiles since it was moved. */
let isComplete = false
map.on('rendercomplete', () => {
  isComplete = true
})
Object.assign(globalThis, {
  source: ours.source,
  failed: () => [...failed].filter((key) => key.startsWith('ours')),
  settled: () => isComplete && loading.size === 0,
  look: (longitude: number, latitude: number, zoom: number) => {
    isComplete = false
    view.setCenter(fromLonLat([longitude, latitude]))
    view.setZoom(zoom)
  },
  panTo: (step: number) =>
    look(10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7), 4 + 1.5 * Math.sin(step / 5)),
  removeTokens: () => {
    for (const remove of removers) remove()
  },
  drawn: async () => {
    map.renderSync()
    const canvas = document.querySelector<HTMLCanvasElement>('#map canvas')
    const copy = new OffscreenCanvas(1, 1).getContext('2d')
    if (!canvas || !copy) return 0
    copy.drawImage(canvas, canvas.width >> 1, canvas.height >> 1, 1, 1, 0, 0, 1, 1)
    return copy.getImageData(0, 0, 1, 1).data[3] ?? 0
  },
})
