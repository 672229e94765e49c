/** Runs in the page: what scenarios have in common. */
import type { TokenManager } from '@tilepass/core'

// biome-ignore lint/suspicious/noExplicitAny: libraries are loaded as they are, without their types
type Any = any

/** The built plugin of Leaflet and the core, as a script of this or another window defines it. */
export const tilepass = (from: Window = window): typeof import('@tilepass/core') =>
  (from as Any).tilepass

/** Names the part of a scenario that begins, for the requests that follow. */
export async function enter(phase: string): Promise<void> {
  await fetch('/phase', { method: 'POST', body: phase })
}

/** A map of 6 × 5 raster tiles. */
export interface TileMap {
  /** Shows one of several places that have no tile in common, and resolves when its tiles are there. */
  show(place: number): Promise<void>
  /** Tiles that could not be loaded so far. */
  failed(): number
  remove(): void
}

export const LIBRARIES = ['maplibre', 'leaflet'] as const
export type Library = (typeof LIBRARIES)[number]

/** @param url The template of the tiles. */
export const openMap = (library: Library, url: string, tokens: TokenManager): Promise<TileMap> =>
  library === 'maplibre' ? openMapLibre(url, tokens) : openLeaflet(url, tokens)

/** Of the tiles' edges in the page, in pixels. Small, for browsers that draw in software. */
const TILE_SIZE = 64
/** The width of the world, in pixels. */
const WORLD = 8192
/** In pixels of the world. The element of the map shows 6 × 5 tiles around it, the outer ones in part. */
const centreOf = (place: number) =>
  [(40 + 16 * place + 3) * TILE_SIZE, (40 + 2.5) * TILE_SIZE] as const

async function openLeaflet(url: string, tokens: TokenManager): Promise<TileMap> {
  const { L, tilepass } = window as Any
  const map = L.map('map', { attributionControl: false, zoomControl: false, fadeAnimation: false })
  const layer = tilepass.createTileLayer(L.TileLayer, url, {
    tokens,
    tileSize: TILE_SIZE,
    keepBuffer: 0,
  })
  let failed = 0
  layer.on('tileerror', () => {
    failed += 1
  })
  return {
    async show(place) {
      const loaded = new Promise((resolve) => layer.once('load', resolve))
      map.setView(map.unproject(centreOf(place), 5), 5, { animate: false })
      layer.addTo(map)
      await loaded
    },
    failed: () => failed,
    remove: () => map.remove(),
  }
}

/** Loads MapLibre, and prepares a map whose requests carry the tokens. */
async function createMapLibre(tokens: TokenManager, options: object): Promise<Any> {
  const M: Any = await import('/lib/maplibre-6/maplibre-gl.mjs' as string)
  const T: Any = await import('/lib/tilepass-maplibre.mjs' as string)
  const { transformRequest, attach } = T.createMapAuthorizer(tokens, { addProtocol: M.addProtocol })
  const look = { container: 'map', fadeDuration: 0, attributionControl: false }
  const map = new M.Map({ ...look, transformRequest, ...options })
  attach(map)
  return map
}

async function openMapLibre(url: string, tokens: TokenManager): Promise<TileMap> {
  const toCentre = (place: number) => {
    const [x, y] = centreOf(place)
    const latitude = Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / WORLD))) * (180 / Math.PI)
    return [(x / WORLD) * 360 - 180, latitude]
  }
  const map = await createMapLibre(tokens, {
    style: {
      version: 8,
      sources: { tiles: { type: 'raster', tiles: [url], tileSize: TILE_SIZE } },
      layers: [{ id: 'tiles', type: 'raster', source: 'tiles' }],
    },
    center: toCentre(0),
    zoom: 4,
    // Every place asks the browser's cache again.
    maxTileCacheSize: 0,
  })
  let failed = 0
  map.on('error', () => {
    failed += 1
  })
  let shown = -1
  return {
    async show(place) {
      if (place === shown) return
      const idle = new Promise((resolve) => map.once('idle', resolve))
      if (shown >= 0 || place > 0) map.jumpTo({ center: toCentre(place) })
      shown = place
      await idle
    },
    failed: () => failed,
    remove: () => map.remove(),
  }
}

/** A map of a style that has been loaded. */
export interface ShownStyle {
  readonly errors: readonly string[]
  /** Features of its sources. */
  readonly features: Readonly<Record<string, number>>
}

/** Opens a MapLibre map with the URL of a style, and resolves when all of it is there. */
export async function openStyle(style: string, tokens: TokenManager): Promise<ShownStyle> {
  const map = await createMapLibre(tokens, { style, center: [10, 50], zoom: 2 })
  const errors: string[] = []
  map.on('error', ({ error }: { error: Error }) => errors.push(error.message))
  await new Promise((resolve) => map.once('idle', resolve))
  const sources = Object.keys(map.getStyle()?.sources ?? {})
  const features = Object.fromEntries(
    sources.map((source) => [
      source,
      map.queryRenderedFeatures().filter((feature: Any) => feature.source === source).length,
    ]),
  )
  map.remove()
  return { errors, features }
}
