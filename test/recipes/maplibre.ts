import './tokens.ts'
import { createMapAuthorizer } from '@tilepass/maplibre'
import {
  addProtocol,
  Map as MapLibreMap,
  type MapOptions,
  type StyleSpecification,
  setWorkerUrl,
} from 'maplibre-gl'

declare global {
  /** Runs a recipe. */
  var run: (name: keyof typeof recipes) => Promise<void>
  /** Of the recipe for signing out. */
  var changeUser: (signIn: () => Promise<void>) => Promise<void>
}

setWorkerUrl('/lib/maplibre-6/maplibre-gl-worker.mjs')

const createStyle = (source: object) =>
  ({
    version: 8,
    sources: { land: { type: 'vector', maxzoom: 14, ...source } },
    layers: [{ id: 'land', type: 'fill', source: 'land', 'source-layer': 'land' }],
  }) as StyleSpecification
const TILES = { tiles: ['https://tiles.example.com/v1/land/{z}/{x}/{y}.mvt'] }

function addMap(source: object, options: Partial<MapOptions>) {
  globalThis.map = new MapLibreMap({
    container: 'map',
    center: [10, 50],
    zoom: 2,
    fadeDuration: 0,
    style: createStyle(source),
    ...options,
  })
}
function addPrivateMap() {
  const auth = createMapAuthorizer(tokens, { addProtocol })
  addMap(TILES, { transformRequest: auth.transformRequest })
  auth.attach(map)
}

const recipes = {
  async pmtiles() {
    await import('recipe:pmtiles')
    addMap({ url: 'pmtiles://https://tiles.example.com/v1/world.pmtiles' }, { zoom: 1 })
  },
  async changeUser() {
    addPrivateMap()
    Object.assign(globalThis, await import('recipe:changeUser'))
  },
  async control() {
    addPrivateMap()
    await import('recipe:control')
  },
  async migrating() {
    await import('recipe:migrating')
  },
  async transformRequest() {
    const { transformRequest } = await import('recipe:transformRequest')
    addMap(TILES, { transformRequest })
  },
}

/** Whether the map shows the land, with no tile missing. */
globalThis.settled = () =>
  globalThis.map?.loaded() && map.areTilesLoaded() && map.queryRenderedFeatures().length > 0
globalThis.run = (name) => recipes[name]()
