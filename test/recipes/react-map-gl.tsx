import './tokens.ts'
import * as child from 'recipe:child'
import * as ref from 'recipe:ref'
import { setWorkerUrl } from 'maplibre-gl'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

setWorkerUrl('/lib/maplibre-6/maplibre-gl-worker.mjs')
const isChild = new URLSearchParams(location.search).get('attach') === 'child'
const { PrivateMap } = isChild ? child : ref

createRoot(document.querySelector('#map') as HTMLElement).render(
  <StrictMode>
    <PrivateMap />
  </StrictMode>,
)
