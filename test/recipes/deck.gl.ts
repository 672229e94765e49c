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
        tileSize: 64,
        updateTriggers: { getTileData: version },
        onTileError: () => {},
      }),
  )
const view = (longitude: number, latitude: number, zoom: number) => ({ longitude, latitude, zoom })
const deck = new Deck({
  parent: document.querySelector<HTMLDivElement>('#map'),
  initialViewState: view(10, 50, 3),
  layers: createLayers(),
})
const layers = (): Tiles[] =>
  (deck as unknown as { layerManager: { layers: Tiles[] } | null }).layerManager?.layers ?? []

globalThis.look = (...place) => deck.setProps({ initialViewState: view(...place) })
globalThis.panTo = (step) =>
  look(10 + 60 * Math.sin(step / 9), 40 * Math.sin(step / 7), 3.5 + 1.5 * Math.sin(step / 5))
globalThis.reload = () => {
  version += 1
  deck.setProps({ layers: createLayers() })
}
globalThis.settled = () => layers().length > 2 && layers().every(({ isLoaded }) => isLoaded)
globalThis.failed = () =>
  layers().flatMap(({ id, state }) =>
    ((id === recipe.id && state?.tileset?.tiles) || [])
      .filter(({ isVisible, isLoaded, content }) => isVisible && isLoaded && !content)
      .map(({ id }) => id),
  )
