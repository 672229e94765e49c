import {
  createElementObject,
  createTileLayerComponent,
  updateGridLayer,
  withPane,
} from '@react-leaflet/core'
import { createTokenManager } from '@tilepass/core'
import { withTokens } from '@tilepass/leaflet'
import { TileLayer } from 'leaflet'
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { MapContainer, type TileLayerProps } from 'react-leaflet'
import { afterEach, expect, test, vi } from 'vitest'

const network = { exchanges: 0, tiles: 0 }
const stockFetch = globalThis.fetch
const PIXEL = Uint8Array.from(
  atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'),
  (character) => character.charCodeAt(0),
)

/** Stands in for the network: a token endpoint and private tiles on this origin. */
async function answer(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const { pathname } = new URL(request.url)
  if (pathname === '/map-token') {
    network.exchanges += 1
    return Response.json({
      access_token: `t${network.exchanges}`,
      token_type: 'Bearer',
      expires_in: 60,
    })
  }
  if (!pathname.startsWith('/v1/')) return stockFetch(request)
  await new Promise((resolve) => setTimeout(resolve, 20))
  request.signal.throwIfAborted()
  network.tiles += 1
  return request.headers.get('authorization')
    ? new Response(PIXEL, { headers: { 'content-type': 'image/gif' } })
    : new Response('{}', { status: 401 })
}

afterEach(() => vi.restoreAllMocks())

test('a private layer survives StrictMode and re-rendering, and is released with its map', async () => {
  vi.spyOn(globalThis, 'fetch').mockImplementation(answer)
  const create = vi.spyOn(URL, 'createObjectURL')
  const revoke = vi.spyOn(URL, 'revokeObjectURL')
  /** Object URLs that still hold an image. A tile that never got one revokes the empty URL. */
  const held = () => {
    const revoked = new Set(revoke.mock.calls.map(([url]) => url))
    return create.mock.results.filter(({ value }) => !revoked.has(value))
  }
  const tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
  const TokenTileLayer = withTokens(TileLayer)
  const PrivateTileLayer = createTileLayerComponent<TileLayer, TileLayerProps>(
    ({ url, ...options }, context) =>
      createElementObject(
        new TokenTileLayer(url, { ...withPane(options, context), tokens }),
        context,
      ),
    updateGridLayer,
  )
  let render = (_opacity: number) => {}
  function Page() {
    const [opacity, setOpacity] = useState(1)
    render = setOpacity
    return (
      <MapContainer center={[50, 10]} zoom={5} fadeAnimation={false} style={{ height: 300 }}>
        <PrivateTileLayer url="/v1/tiles/world-raster/{z}/{x}/{y}.webp" opacity={opacity} />
      </MapContainer>
    )
  }
  const element = document.body.appendChild(document.createElement('div'))
  const root = createRoot(element)
  root.render(
    <StrictMode>
      <Page />
    </StrictMode>,
  )
  const images = () => [...element.querySelectorAll('img')]
  const loaded = () => images().filter((image) => image.src && image.complete && image.naturalWidth)
  await expect.poll(() => images().length > 0 && loaded().length === images().length).toBe(true)
  expect(network.exchanges).toBe(1)

  const before = images()
  const requests = network.tiles
  render(0.5)
  await tokens.renew()
  await new Promise((resolve) => requestAnimationFrame(resolve))
  expect(images()).toEqual(before)
  expect(network.tiles).toBe(requests)

  root.unmount()
  await expect.poll(held).toEqual([])
  expect(create).toHaveBeenCalled()
  element.remove()
})
