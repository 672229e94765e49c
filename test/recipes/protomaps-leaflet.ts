import './tokens.ts'
import 'leaflet/dist/leaflet.css'
import { type GridLayer, Map as LeafletMap } from 'leaflet'

declare global {
  /** Moves the map. */
  var zoomTo: (zoom: number) => void
  /** How many tiles there are, and how many do not show the land that fills every tile. */
  var countTiles: () => { tiles: number; blank: number }
}

const way = new URLSearchParams(location.search).get('way')
const recipe: { world: GridLayer } =
  way === 'archive' ? await import('recipe:archive') : await import('recipe:tiles')
const map = new LeafletMap('map', { fadeAnimation: false }).setView([0, 0], 1)
recipe.world.addTo(map)

/** The colour of land in the flavour "light". Without data a tile has the colour of its background. */
const LAND = [226, 223, 218]
const showsLand = (canvas: HTMLCanvasElement) => {
  const { width, height } = canvas
  if (width === 0) return false
  const pixel = canvas.getContext('2d')?.getImageData(width / 2, height / 2, 1, 1).data ?? []
  return LAND.every((value, channel) => pixel[channel] === value)
}
globalThis.zoomTo = (zoom) => map.setZoom(zoom, { animate: false })
globalThis.settled = () => !recipe.world.isLoading()
globalThis.countTiles = () => {
  const tiles = [...document.querySelectorAll('canvas')]
  return { tiles: tiles.length, blank: tiles.filter((tile) => !showsLand(tile)).length }
}
