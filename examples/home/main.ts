import { createTokenManager } from '@tilepass/core'
import { createTileLayer } from '@tilepass/leaflet'
import { createMapAuthorizer } from '@tilepass/maplibre'
import * as L from 'leaflet'
import { addProtocol, Map as MapLibreMap, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'leaflet/dist/leaflet.css'
import 'maplibre-gl/dist/maplibre-gl.css'
import '../shared/page.css'
import './home.css'
import { allowDataset, EARTH, fileUrl, requestDownloadToken } from '../cog/download-token.ts'
import { openLevels } from '../cog/levels.ts'
import { createDemoSource } from '../shared/demo-source.ts'
import { plural } from '../shared/plural.ts'
import { onSchemeChange, styleUrl } from '../shared/scheme.ts'
import { countLeafletTiles, countMapLibreTiles, createTileCounts } from '../shared/tile-counts.ts'
import { hasWebGL2, showMissingPreview } from '../shared/webgl.ts'

setWorkerUrl(workerUrl)
const demo = createDemoSource()
const counts = createTileCounts()
const tokens = createTokenManager(demo.source, { allow: ['/v1/'] })
const auth = createMapAuthorizer(tokens, { addProtocol })

function previewVector(container: string, center: [number, number], zoom: number): void {
  if (!hasWebGL2()) {
    showMissingPreview(container)
    return
  }
  const map = new MapLibreMap({
    container,
    center,
    zoom,
    style: styleUrl(),
    transformRequest: auth.transformRequest,
    interactive: false,
    attributionControl: false,
  })
  auth.attach(map)
  countMapLibreTiles(map, counts)
  onSchemeChange(() => map.setStyle(styleUrl()))
}

function previewRaster(container: string, center: [number, number], zoom: number): void {
  const map = L.map(container, {
    attributionControl: false,
    zoomControl: false,
    dragging: false,
    keyboard: false,
    scrollWheelZoom: false,
  })
  map.setView(center, zoom)
  const url = '/v1/tiles/world-raster/{z}/{x}/{y}.webp'
  const layer = createTileLayer(L.TileLayer, url, { tokens, maxNativeZoom: 3 })
  countLeafletTiles(layer, counts)
  layer.addTo(map)
}

async function previewImage(canvas: HTMLCanvasElement | null): Promise<void> {
  const source = ({ signal }: { signal: AbortSignal }) => requestDownloadToken(EARTH, signal)
  const tokens = createTokenManager(source, { allow: [allowDataset(EARTH)] })
  const levels = await openLevels(tokens, fileUrl(EARTH))
  const overview = levels.at(-2) ?? levels[0]
  const { canvas: pixels } = await overview.read([0, 0, overview.width, overview.height])
  canvas?.getContext('2d')?.drawImage(pixels, 0, 0, canvas.width, canvas.height)
}

previewVector('vector', [12, 47], 2.4)
previewRaster('raster', [14, 100], 3)
previewVector('half-vector', [-62, 3], 1.4)
previewRaster('half-raster', [3, -62], 2)
// If the image fails, the card still has its text.
void previewImage(document.querySelector<HTMLCanvasElement>('#image')).catch(() => {})

const pulse = document.querySelector<HTMLElement>('.pulse')
const write = (id: string, text: string) => {
  const element = document.getElementById(id)
  if (element && element.textContent !== text) element.textContent = text
}
const WORDS = {
  fresh: 'Token is fresh',
  unavailable: 'Broker cannot be reached',
  denied: 'Access denied',
}

tokens.on('state', (state) => {
  if (pulse) pulse.dataset.light = state
  // A successful renewal is not announced: it happens every few seconds.
  if (state in WORDS) write('state', WORDS[state as keyof typeof WORDS])
})
setInterval(() => {
  const end = tokens.peek()?.expiresAt
  write(
    'seconds',
    end === undefined ? '–' : `${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s`,
  )
  write('exchanges', String(demo.exchanges))
  write('exchanges-noun', plural(demo.exchanges, ['exchange', 'exchanges']))
  write('loaded', String(counts.loaded))
  write('loaded-noun', plural(counts.loaded, ['tile', 'tiles']))
}, 200)
