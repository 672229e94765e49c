import './tokens.ts'
import { photos, roads } from 'recipe:deck.gl'
import { Deck } from '@deck.gl/core'

/** What the page needs of a layer with tiles, and of the tiles that it holds. */
interface Tiles {
  id: string
  isLoaded: boolean
  state?: {
    tileset?: { tiles: { id: string; isVisible: boolean; isLoaded: boolean; content: unknown }[] }
  }
}

declare global {
  /** Moves the map to a place. */
  var look: (longitude: number, latitude: number, zoom: number) => void
  /** Requests every tile again, as the documentation says. */
  var reload: () => void
}

const recipe = new URLSearchParams(location.search).get('kind') === 'vector' ? roads : photos
let version = 0
/** The layer of the recipe, and the same with tiles of a host that no rule names. */
const createLayers = () =>
  [{}, { id: 'open', data: recipe.props.data.replace('https://tiles.example.com', stranger) }].map(
    (props) =>
      recipe.clone({
        ...props,
        tileSize: 128,
        updateTriggers: { getTileData: version },
        onTileError: () => {},
      }),
  )
/** Whether the map was drawn since it was moved or changed. The layers learn of the new view then. */
let isDrawn = false
const view = (longitude: number, latitude: number, zoom: number) => ({ longitude, latitude, zoom })
const deck = new Deck({
  parent: document.querySelector<HTMLDivElement>('#map'),
  initialViewState: view(10, 50, 3),
  layers: createLayers(),
  onAfterRender: () => {
    isDrawn = true
  },
})
/** Internal, and null before the first frame. */
const manager = () =>
  (deck as unknown as { layerManager: { layers: Tiles[]; needsUpdate(): unknown } | null })
    .layerManager
const layers = () => manager()?.layers ?? []

globalThis.look = (...place) => {
  isDrawn = false
  deck.setProps({ initialViewState: view(...place) })
}
globalThis.panTo = (step) =>
  look(10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7), 3.5 + 1.5 * Math.sin(step / 5))
globalThis.reload = () => {
  version += 1
  isDrawn = false
  deck.setProps({ layers: createLayers() })
}
globalThis.settled = () =>
  isDrawn &&
  !manager()?.needsUpdate() &&
  layers().length > 2 &&
  layers().every(({ isLoaded }) => isLoaded)
globalThis.failed = () =>
  layers().flatMap(({ id, state }) =>
    ((id === recipe.id && state?.tileset?.tiles) || [])
      .filter(({ isVisible, isLoaded, content }) => isVisible && isLoaded && !content)
      .map(({ id }) => id),
  )
