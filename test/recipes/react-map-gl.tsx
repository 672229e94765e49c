import './tokens.ts'
import 'maplibre-gl/dist/maplibre-gl.css'
import { TokenRecovery } from 'recipe:child'
import { PrivateMap } from 'recipe:ref'
import { createMapAuthorizer } from '@tilepass/maplibre'
import { addProtocol, setWorkerUrl } from 'maplibre-gl'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Map as MapView } from 'react-map-gl/maplibre'

setWorkerUrl('/lib/maplibre-6/maplibre-gl-worker.mjs')
const auth = createMapAuthorizer(tokens, { addProtocol })
const isChild = new URLSearchParams(location.search).get('attach') === 'child'

createRoot(document.querySelector('#map') as HTMLElement).render(
  <StrictMode>
    {isChild ? (
      <MapView mapStyle="/v1/style.json" transformRequest={auth.transformRequest}>
        <TokenRecovery />
      </MapView>
    ) : (
      <PrivateMap />
    )}
  </StrictMode>,
)
