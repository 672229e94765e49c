import './tokens.ts'
import 'leaflet/dist/leaflet.css'
import { PrivateTileLayer, PrivateWmsLayer } from 'recipe:react-leaflet'
import type { Layer } from 'leaflet'
import { StrictMode, useState } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { MapContainer } from 'react-leaflet'

/** What the page renders: a tile layer, or a WMS layer if there are `params`. */
interface Shown {
  readonly url: string
  readonly opacity?: number
  readonly zIndex?: number
  readonly params?: Record<string, string>
}

declare global {
  /** Renders the page again, with these props besides those of before. */
  var show: (props: Partial<Shown>) => void
  var root: Root
  /** Every layer that was added to the map. */
  var added: Set<Layer>
  /** Object URLs that hold an image. */
  var held: Set<string>
}

const create = URL.createObjectURL
const revoke = URL.revokeObjectURL
globalThis.held = new Set()
URL.createObjectURL = (blob) => {
  const url = create(blob)
  held.add(url)
  return url
}
URL.revokeObjectURL = (url) => {
  held.delete(url)
  revoke(url)
}

globalThis.added = new Set()
const eventHandlers = { add: ({ target }: { target: Layer }) => added.add(target) }

function Page() {
  const [props, setProps] = useState<Shown>()
  globalThis.show = (changed) => setProps((before) => ({ url: '', ...before, ...changed }))
  const PrivateLayer = props?.params ? PrivateWmsLayer : PrivateTileLayer
  return (
    <MapContainer center={[50, 10]} zoom={5} fadeAnimation={false} style={{ height: '100%' }}>
      {props && <PrivateLayer {...props} eventHandlers={eventHandlers} />}
    </MapContainer>
  )
}

globalThis.root = createRoot(document.querySelector('#map') as HTMLElement)
root.render(
  <StrictMode>
    <Page />
  </StrictMode>,
)
