/** Runs in the page: small maps whose sessions are observed. */
import type { TokenManager } from '@tilepass/core'
import { tilepass } from './page.ts'

// biome-ignore lint/suspicious/noExplicitAny: libraries are loaded as they are, without their types
type Any = any

export const MAP_LIBRARIES = ['maplibre-6', 'maplibre-5', 'leaflet'] as const
export type MapLibrary = (typeof MAP_LIBRARIES)[number]

/** What a map of a session shows. */
export interface Tiles {
  /** The template of raster tiles, or the URL of a PMTiles archive, which only MapLibre shows. */
  readonly own: string
  /** The template of raster tiles of another host, which must get no token. */
  readonly stranger: string
}

/** A map of 256 × 200 pixels. */
export interface SessionMap {
  /** Moves to another of many places, and resolves when nothing is left to load. */
  move(): Promise<void>
  /** Tiles in view that are not there. */
  missing(): number
  describe(): string
  /** Tiles that failed so far, also those that were loaded later. */
  failed(): number
  remove(): void
}

/** A time in ms after which a page gives up. */
const PATIENCE = 60_000

/**
 * Checks every 50 ms, and in hidden pages every second, whether something holds.
 *
 * @param describe What holds if it does not.
 */
export async function until(isTrue: () => boolean, describe: () => string): Promise<void> {
  const start = performance.now()
  while (!isTrue()) {
    if (performance.now() - start > PATIENCE) throw new Error(describe())
    await pause(50)
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export const openSessionMap = (
  library: MapLibrary,
  tiles: Tiles,
  tokens: TokenManager,
): Promise<SessionMap> =>
  library === 'leaflet' ? openLeaflet(tiles, tokens) : openMapLibre(library, tiles, tokens)

/** Places that have no tile in common with the ones before and after. */
const toPlace = (step: number) => ({ lng: -150 + ((step * 77) % 300), lat: step % 2 ? 20 : -20 })

/** So many tiles that none comes again: for one that it has shown before, Firefox sends no request. */
const LEAFLET_ZOOM = 8

function createElement(): HTMLElement {
  const element = document.createElement('div')
  Object.assign(element.style, { width: '256px', height: '200px' })
  Object.assign(element.style, { position: 'relative', overflow: 'hidden', float: 'left' })
  document.body.append(element)
  return element
}

async function openLeaflet({ own, stranger }: Tiles, tokens: TokenManager): Promise<SessionMap> {
  const { L } = window as Any
  const { createTileLayer } = tilepass() as Any
  const element = createElement()
  const map = L.map(element, {
    attributionControl: false,
    zoomControl: false,
    fadeAnimation: false,
  })
  map.setView(toPlace(0), LEAFLET_ZOOM)
  let failed = 0
  const layers = [own, stranger].map((url) => createTileLayer(L.TileLayer, url, { tokens }))
  for (const layer of layers) {
    layer.on('tileerror', () => {
      failed += 1
    })
    layer.addTo(map)
  }
  const describe = () =>
    JSON.stringify(
      layers.flatMap((layer) =>
        Object.values(layer._tiles as Any[]).map(({ current, loaded, el }) =>
          [current, !!loaded, el.complete, el.naturalWidth, el.getAttribute('src')].join(' '),
        ),
      ),
    )
  const isSettled = () => layers.every((layer) => !layer.isLoading())
  await until(isSettled, () => `${own} is loading: ${describe()}`)
  let step = 0
  return {
    describe,
    async move() {
      step += 1
      map.setView(toPlace(step), LEAFLET_ZOOM, { animate: false })
      await until(isSettled, () => `${own} is loading: ${describe()}`)
    },
    missing: () => {
      const tiles: Any[] = layers.flatMap((layer) => Object.values(layer._tiles))
      const images = tiles.filter(({ current }) => current).map(({ el }) => el)
      return images.filter(({ complete, naturalWidth }) => !complete || naturalWidth === 0).length
    },
    failed: () => failed,
    remove() {
      map.remove()
      element.remove()
    },
  }
}

async function openMapLibre(
  library: MapLibrary,
  { own, stranger }: Tiles,
  tokens: TokenManager,
): Promise<SessionMap> {
  const M = await loadMapLibre(library)
  const { createMapAuthorizer }: Any = await import('/lib/tilepass-maplibre.mjs' as string)
  const { transformRequest, attach } = createMapAuthorizer(tokens, { addProtocol: M.addProtocol })
  const isArchive = own.endsWith('.pmtiles')
  if (isArchive) await addArchive(M, own, tokens)
  const element = createElement()
  const map = new M.Map({
    container: element,
    center: toPlace(0),
    zoom: 3,
    fadeDuration: 0,
    attributionControl: false,
    // Every place is requested, also one that was shown before.
    maxTileCacheSize: 0,
    transformRequest,
    style: {
      version: 8,
      sources: {
        own: isArchive
          ? { type: 'vector', url: `pmtiles://${own}` }
          : { type: 'raster', tiles: [own], tileSize: 256 },
        stranger: { type: 'raster', tiles: [stranger], tileSize: 256 },
      },
      layers: [
        { id: 'stranger', type: 'raster', source: 'stranger' },
        isArchive
          ? { id: 'own', type: 'fill', source: 'own', 'source-layer': 'land' }
          : { id: 'own', type: 'raster', source: 'own' },
      ],
    },
  })
  attach(map)
  let failed = 0
  map.on('error', () => {
    failed += 1
  })
  const describe = () =>
    `${map.loaded()} ${map.areTilesLoaded()} ${listTiles(map).map(({ state }) => state)}`
  const isSettled = () => map.loaded() && map.areTilesLoaded()
  await until(isSettled, () => `${own} is loading: ${describe()}`)
  let step = 0
  return {
    describe,
    async move() {
      step += 1
      map.jumpTo({ center: toPlace(step) })
      await until(isSettled, () => `${own} is loading: ${describe()}`)
    },
    missing: () => listTiles(map).filter(({ state }) => state !== 'loaded').length,
    failed: () => failed,
    remove() {
      map.remove()
      element.remove()
    },
  }
}

/** Tiles in view, of every source. */
function listTiles(map: Any): { state: string }[] {
  const managers: Any[] = Object.values(map.style.tileManagers ?? map.style.sourceCaches)
  return managers.flatMap((manager) =>
    manager._inViewTiles ? manager._inViewTiles.getAllTiles() : Object.values(manager._tiles),
  )
}

let maplibre5: Promise<unknown> | undefined

async function loadMapLibre(library: MapLibrary): Promise<Any> {
  if (library === 'maplibre-6') return import('/lib/maplibre-6/maplibre-gl.mjs' as string)
  maplibre5 ??= new Promise((resolve) => {
    const script = document.createElement('script')
    script.src = '/lib/maplibre-5.js'
    script.onload = resolve
    document.body.append(script)
  })
  await maplibre5
  return (window as Any).maplibregl
}

async function addArchive({ addProtocol }: Any, url: string, tokens: TokenManager): Promise<void> {
  const { createPmtilesArchive } = await import('/lib/tilepass-pmtiles.mjs' as string)
  const { Protocol } = await import('pmtiles')
  const protocol = new Protocol()
  addProtocol('pmtiles', protocol.tile)
  protocol.add(createPmtilesArchive(tokens, url))
}
