import type { TokenStatus } from '@tilepass/core'
import { TokenControl } from '@tilepass/maplibre/control'
import * as L from 'leaflet'
import '@tilepass/maplibre/control.css'

/**
 * Says on a Leaflet map when there is no token. `TokenControl` is plain HTML: of the map it only needs
 * the element that gets the focus when the notice hides.
 */
export function addTokenNotice(map: L.Map, tokens: TokenStatus): void {
  const control = new TokenControl(tokens)
  const Notice = L.Control.extend({
    onAdd() {
      const element = control.onAdd({ getCanvas: () => map.getContainer() })
      L.DomEvent.disableClickPropagation(element)
      return element
    },
    onRemove: () => control.onRemove(),
  })
  map.addControl(new Notice({ position: 'bottomleft' }))
}
