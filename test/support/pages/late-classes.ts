declare global {
  interface Window {
    /** Tile layer classes, by when their tiles get a source. */
    // biome-ignore lint/suspicious/noExplicitAny: the two versions of Leaflet have no common types
    lateClasses: Record<string, any>
    /** What the class `after a look into its cache` has cached. */
    cached: Map<string, Blob>
  }
}

/**
 * A script for a page with Leaflet. It defines tile layer classes that set `src` later than the stock
 * class, as plugins do that look into a cache first.
 */
const SCRIPT = `
  const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
  window.cached = new Map()
  window.lateClasses = {
    async 'in a microtask'(tile, coords) {
      const url = this.getTileUrl(coords)
      await null
      tile.src = url
    },
    async 'in a timer, as an attribute'(tile, coords) {
      const url = this.getTileUrl(coords)
      await later(30)
      tile.setAttribute('src', url)
    },
    async 'after a fetch'(tile, coords) {
      const url = this.getTileUrl(coords)
      await fetch('/')
      tile.src = url
    },
    async 'with a URL made outside createTile()'(tile, coords) {
      await later(30)
      tile.src = this.getTileUrl(coords)
    },
    async 'with the first of several URLs'(tile, coords) {
      const url = this.getTileUrl(coords)
      this.getTileUrl({ x: 0, y: 0, z: 0 })
      await null
      tile.src = url
    },
    async 'with a URL and a parameter more'(tile, coords) {
      const url = this.getTileUrl(coords)
      await null
      tile.src = url + '?v=2'
    },
    async 'twice'(tile, coords) {
      tile.src = this.getTileUrl(coords)
      const { src } = tile
      await later(30)
      tile.src = src
    },
    async 'after a look into its cache'(tile, coords) {
      const key = this.getTileUrl(coords)
      await later(5)
      const blob = cached.get(key)
      if (blob) tile.src = await readAsDataUrl(blob)
      else {
        tile.crossOrigin = 'anonymous'
        tile.addEventListener('load', async () => cached.set(key, await copy(tile)))
        tile.src = key
      }
    },
  }
  const readAsDataUrl = (blob) => new Promise((resolve) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result)
    reader.readAsDataURL(blob)
  })
  const copy = (image) => new Promise((resolve) => {
    const canvas = document.createElement('canvas')
    canvas.width = image.naturalWidth
    canvas.height = image.naturalHeight
    canvas.getContext('2d').drawImage(image, 0, 0)
    canvas.toBlob(resolve)
  })
  for (const [name, setSource] of Object.entries(lateClasses)) {
    lateClasses[name] = class extends L.TileLayer {
      createTile(coords, done) {
        const tile = document.createElement('img')
        tile.addEventListener('load', () => this._tileOnLoad(done, tile))
        tile.addEventListener('error', (event) => this._tileOnError(done, tile, event))
        setSource.call(this, tile, coords)
        return tile
      }
    }
  }
  lateClasses['by the stock class and again'] = class extends L.TileLayer {
    createTile(coords, done) {
      const tile = super.createTile(coords, done)
      const { src } = tile
      later(30).then(() => { tile.src = src })
      return tile
    }
  }
`

export const LATE_CLASSES = `<script>{${SCRIPT}}</script>`

export const LATE_NAMES = [...SCRIPT.matchAll(/async '(.*)'|lateClasses\['(.*)'\]/g)].map(
  ([, method, other]) => method ?? other ?? '',
)
