import { createTokenManager } from '@tilepass/core'
import { createMapAuthorizer, type MapAuthorizer } from '@tilepass/maplibre'
import { TokenControl } from '@tilepass/maplibre/control'
import type * as six from 'maplibre-gl'
import type * as four from 'maplibre-gl-4'
import type * as five from 'maplibre-gl-5'
import { expect, expectTypeOf, test } from 'vitest'

// Compiled, never called: the three versions declare different types, and ours fit all of them.
type Six = typeof six
type Five = typeof five
type Four = typeof four

function version6({ Map: MapLibreMap, addProtocol }: Six) {
  const tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
  const auth = createMapAuthorizer(tokens, { addProtocol })
  const map = new MapLibreMap({
    container: 'map',
    style: '/v1/style.json',
    transformRequest: auth.transformRequest,
  })
  auth.attach(map)
  map.addControl(new TokenControl(tokens))
  map.setTransformRequest(auth.transformRequest)
  const own: six.RequestTransformFunction = auth.transformRequest
  return own
}

function version5({ Map: MapLibreMap, addProtocol }: Five) {
  const tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
  const auth = createMapAuthorizer(tokens, {
    addProtocol,
    transformRequest: (url, type?: five.ResourceType) =>
      type === 'Tile' ? { url: `${url}?key=public` } : undefined,
  })
  const map = new MapLibreMap({
    container: 'map',
    style: '/v1/style.json',
    transformRequest: auth.transformRequest,
  })
  auth.attach(map)
  map.addControl(new TokenControl([tokens], { labels: { retry: 'Nochmal' } }))
}

function version4({ Map: MapLibreMap, addProtocol }: Four) {
  const tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
  const auth = createMapAuthorizer([tokens], { addProtocol })
  const map = new MapLibreMap({
    container: 'map',
    style: '/v1/style.json',
    transformRequest: auth.transformRequest,
  })
  auth.attach(map)
  map.addControl(new TokenControl(tokens))
  map.setTransformRequest(auth.transformRequest)
}

// Tiles on another origin, with a custom transform; two tenants on one map.
function elsewhere({ Map: MapLibreMap, addProtocol }: Six, session: { token: string }) {
  const tokens = createTokenManager(
    ({ signal }) =>
      fetch('https://api.example.com/map-token', {
        method: 'POST',
        signal,
        headers: { Authorization: `Bearer ${session.token}` },
      }),
    {
      allow: [{ prefix: 'https://tiles.example.com/v1/', attach: { query: 'access_token' } }],
    },
  )
  const auth = createMapAuthorizer(tokens, {
    addProtocol,
    transformRequest: (url) =>
      url.startsWith('https://basemap.example/') ? { url: `${url}?key=public` } : undefined,
  })
  const north = createTokenManager('/map-token', { grant: 'north', allow: ['/v1/tiles/north/'] })
  const south = createTokenManager('/map-token', { grant: 'south', allow: ['/v1/tiles/south/'] })
  const tenants = createMapAuthorizer([north, south], { addProtocol })
  for (const { transformRequest, attach } of [auth, tenants]) {
    attach(new MapLibreMap({ container: 'map', transformRequest }))
  }
}

test('the types fit MapLibre 4, 5 and 6', () => {
  expect([version4, version5, version6, elsewhere]).toHaveLength(4)
  expectTypeOf<ReturnType<MapAuthorizer['transformRequest']>>().not.toEqualTypeOf<
    Promise<unknown>
  >()
  const tokens = createTokenManager('/map-token', { allow: ['/v1/'] })
  // A custom transform may be synchronous or not; ours is always synchronous.
  for (const transformRequest of [
    async (url: string) => ({ url }),
    async (_url: string, _type?: string) => undefined,
    (url: string) => ({ url }),
  ]) {
    const { transformRequest: ours } = createMapAuthorizer(tokens, {
      addProtocol: () => {},
      transformRequest,
    })
    expectTypeOf<ReturnType<typeof ours>>().not.toEqualTypeOf<Promise<unknown>>()
  }
})
