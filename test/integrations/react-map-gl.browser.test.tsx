import { createTokenManager } from '@tilepass/core'
import { createMapAuthorizer } from '@tilepass/maplibre'
import * as maplibre from 'maplibre-gl-5'
import { addProtocol, type Map as MapLibreMap } from 'maplibre-gl-5'
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { Map as MapView, useMap } from 'react-map-gl/maplibre'
import { afterEach, expect, test, vi } from 'vitest'

const style = {
  version: 8 as const,
  sources: {
    tiles: { type: 'raster' as const, tiles: [`${location.origin}/v1/{z}/{x}/{y}.png`] },
  },
  layers: [{ id: 'tiles', type: 'raster' as const, source: 'tiles' }],
}

/** An authorizer, and how many listeners its manager has. */
function createAuthorizer() {
  const listeners = { attached: 0 }
  const tokens = createTokenManager(
    async () => Response.json({ access_token: 'canary', token_type: 'Bearer', expires_in: 60 }),
    { allow: ['/v1/'] },
  )
  const counted = {
    ...tokens,
    on: (...given: Parameters<typeof tokens.on>) => {
      listeners.attached += 1
      const off = tokens.on(...given)
      return () => {
        listeners.attached -= 1
        off()
      }
    },
  }
  const auth = createMapAuthorizer(counted as typeof tokens, { addProtocol })
  return { auth, listeners }
}

function mount() {
  const element = document.createElement('div')
  element.style.cssText = 'width:400px;height:300px'
  document.body.append(element)
  return createRoot(element)
}

afterEach(() => {
  vi.restoreAllMocks()
  document.body.replaceChildren()
})

const size = { width: 400, height: 300 }
const mapLib = maplibre as never

test('an inline ref attaches once per map, even over several renders and in StrictMode, and detaches', async () => {
  const { auth, listeners } = createAuthorizer()
  const seen = new Set<MapLibreMap>()
  const App = ({ n }: { n: number }) => (
    <MapView
      mapLib={mapLib}
      data-n={n}
      style={size}
      mapStyle={style}
      transformRequest={auth.transformRequest}
      ref={(map: { getMap(): MapLibreMap } | null) => {
        if (!map) return undefined
        seen.add(map.getMap())
        return auth.attach(map.getMap())
      }}
    />
  )
  const root = mount()
  for (let n = 0; n < 4; n += 1) {
    root.render(
      <StrictMode>
        <App n={n} />
      </StrictMode>,
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await vi.waitFor(() => expect(listeners.attached).toBe(1))
  expect(seen.size).toBeGreaterThan(0)
  root.unmount()
  await vi.waitFor(() => expect(listeners.attached).toBe(0))
})

test('a child with useMap attaches, and a reused map is attached again', async () => {
  const { auth, listeners } = createAuthorizer()
  function TokenRecovery() {
    const { current } = useMap()
    useEffect(() => (current ? auth.attach(current.getMap()) : undefined), [current])
    return null
  }
  const App = () => (
    <MapView
      reuseMaps
      mapLib={mapLib}
      style={size}
      mapStyle={style}
      transformRequest={auth.transformRequest}
    >
      <TokenRecovery />
    </MapView>
  )
  for (let mounts = 0; mounts < 2; mounts += 1) {
    const root = mount()
    root.render(
      <StrictMode>
        <App />
      </StrictMode>,
    )
    await vi.waitFor(() => expect(listeners.attached).toBe(1))
    root.unmount()
    await vi.waitFor(() => expect(listeners.attached).toBe(0))
  }
})
