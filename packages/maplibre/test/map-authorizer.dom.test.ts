import { createMapAuthorizer, type RequestParameters } from '@tilepass/maplibre'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { disposeManagers, fresh, HTTPS, manage, registry } from './support/authorizers.ts'
import { fakeMap } from './support/fake-map.ts'

afterEach(() => {
  disposeManagers()
  vi.restoreAllMocks()
})

describe('transformRequest', () => {
  test.each([
    'https://tiles.example.evil.example/v1/1.mvt',
    'https://tiles.example@evil.example/v1/1.mvt',
    'https://user:word@tiles.example/v1/1.mvt',
    'https://tiles.example:8443/v1/1.mvt',
    'http://tiles.example/v1/1.mvt',
    '//evil.example/v1/1.mvt',
    'https://evil.example\\@tiles.example/v1/1.mvt',
    'https:\\\\evil.example/v1/1.mvt',
    'https://tiles.example/v1/../v2/1.mvt',
    'https://tiles.example/v1/%2e%2e/v2/1.mvt',
    'https://tiles.example/v10/1.mvt',
    'https://evil.example/?https://tiles.example/v1/',
    'pmtiles://https://tiles.example/v1/world.pmtiles',
    'cog://https://tiles.example/v1/world.tif',
    'tiles://tiles.example/v1/1.mvt',
    'data:,https://tiles.example/v1/',
    'blob:https://tiles.example/v1/1',
    'mapbox://tiles.example/v1/',
  ])('does not touch %s', async (url) => {
    const { auth } = await fresh()
    for (const type of ['Tile', 'Style', 'Source', 'Glyphs', 'SpriteImage', 'Unknown', undefined]) {
      expect(auth.transformRequest(url, type)).toBeUndefined()
    }
  })

  test('attaches a fresh token at once, in a new plain object every time', async () => {
    const { auth } = await fresh()
    const first = auth.transformRequest(`${HTTPS}1.mvt`, 'Tile')
    const second = auth.transformRequest(`${HTTPS}1.mvt`, 'Tile')
    expect(first).toEqual({ url: `${HTTPS}1.mvt`, headers: { Authorization: 'Bearer canary-1' } })
    expect(second).not.toBe(first)
    expect(second?.headers).not.toBe(first?.headers)
    expect(structuredClone(first)).toEqual(first)
  })

  test('keeps what a custom transform returns, but copies its objects', async () => {
    const { manager } = await fresh()
    const shared: RequestParameters = {
      url: `${HTTPS}1.mvt`,
      headers: { 'x-own': '1' },
      credentials: 'include',
    }
    const beside: RequestParameters = {
      url: 'https://basemap.example/1',
      headers: { 'x-own': '2' },
    }
    const auth = createMapAuthorizer(manager, {
      ...registry(),
      transformRequest: (url) => (url === 'basemap' ? beside : shared),
    })
    const ours = auth.transformRequest('alias', 'Tile')
    expect(ours?.headers).toEqual({ 'x-own': '1', Authorization: 'Bearer canary-1' })
    expect(ours?.credentials).toBe('include')
    const theirs = auth.transformRequest('basemap', 'Tile')
    expect(theirs).toEqual(beside)
    expect(theirs?.headers).not.toBe(beside.headers)
    expect(auth.transformRequest('x', 'Style')?.headers).toEqual({ 'x-own': '1' })
    expect(shared.headers).toEqual({ 'x-own': '1' })
  })

  test('judges the URL that a custom transform returns', async () => {
    const { manager } = await fresh()
    const auth = createMapAuthorizer(manager, {
      ...registry(),
      transformRequest: () => ({ url: 'https://evil.example/v1/1.mvt' }),
    })
    expect(auth.transformRequest(`${HTTPS}1.mvt`, 'Tile')).toEqual({
      url: 'https://evil.example/v1/1.mvt',
      headers: {},
    })
  })

  test('a relative URL becomes absolute, because a worker has another base', async () => {
    const { auth } = await fresh(['/v1/'])
    expect(auth.transformRequest('/v1/1.mvt', 'Tile')?.url).toBe(
      new URL('/v1/1.mvt', document.baseURI).href,
    )
  })

  test.each(['Style', 'Source', 'Glyphs', 'SpriteJSON', 'SpriteImage', 'Image'])(
    '%s always uses the waiting protocol, without a token in its URL or headers',
    async (type) => {
      const { auth, schemes } = await fresh()
      const request = auth.transformRequest(`${HTTPS}thing`, type)
      const scheme = request?.url.split('://')[0] ?? ''
      expect(schemes.has(scheme)).toBe(true)
      expect(JSON.stringify(request)).not.toContain('canary')
    },
  )

  test('a tile waits while there is no token, and the first call of any URL starts the exchange', async () => {
    const { manager, issued } = manage([HTTPS])
    const { schemes, addProtocol } = registry()
    const auth = createMapAuthorizer(manager, { addProtocol })
    expect(issued()).toBe(0)
    auth.transformRequest('https://elsewhere.example/', 'Style')
    const request = auth.transformRequest(`${HTTPS}1.mvt`, 'Tile')
    expect(schemes.has(request?.url.split('://')[0] ?? '')).toBe(true)
    await manager.getToken()
    expect(issued()).toBe(1)
  })

  test('a video carries its token in the query; otherwise the map fires an error, and nothing throws', async () => {
    const query = await fresh([{ prefix: HTTPS, attach: { query: 'access_token' } }])
    expect(query.auth.transformRequest(`${HTTPS}a.mp4`, 'Source')?.url).toContain('canary-1')
    const header = await fresh()
    const { map } = fakeMap()
    header.auth.attach(map)
    const errors: string[] = []
    map.on('error', ({ error }: { error: Error }) => errors.push(error.message))
    expect(header.auth.transformRequest(`${HTTPS}a.mp4`, 'Source')?.url).toBe(`${HTTPS}a.mp4`)
    expect(errors[0]).toContain('query')
  })
})

describe('several managers', () => {
  test('the longest prefix decides', async () => {
    const wide = manage([HTTPS], 'wide')
    const narrow = manage([`${HTTPS}north/`], 'narrow')
    await Promise.all([wide.manager.getToken(), narrow.manager.getToken()])
    for (const order of [
      [wide, narrow],
      [narrow, wide],
    ]) {
      const auth = createMapAuthorizer(
        order.map(({ manager }) => manager),
        registry(),
      )
      const token = (path: string) =>
        auth.transformRequest(HTTPS + path, 'Tile')?.headers?.Authorization
      expect(token('north/1')).toBe('Bearer narrow-1')
      expect(token('south/1')).toBe('Bearer wide-1')
    }
  })

  test('the same prefix twice throws, and names it', () => {
    expect(() =>
      createMapAuthorizer([manage([HTTPS]).manager, manage([HTTPS]).manager], registry()),
    ).toThrow(HTTPS)
    // @ts-expect-error addProtocol is required
    expect(() => createMapAuthorizer(manage([HTTPS]).manager, {})).toThrow(TypeError)
  })
})
