import type { TokenManager } from '@tilepass/core'
import { createTokenManager } from '@tilepass/core'
import { createMapAuthorizer, type RequestParameters } from '@tilepass/maplibre'
import { afterEach, describe, expect, test, vi } from 'vitest'

const managers: TokenManager[] = []
afterEach(() => {
  for (const manager of managers.splice(0)) manager.dispose()
  vi.restoreAllMocks()
})

/** A manager whose tokens come from here, and how many have been issued. */
function manage(allow: Parameters<typeof createTokenManager>[1]['allow'], name = 'canary') {
  let issued = 0
  const manager = createTokenManager(
    async () => {
      issued += 1
      return Response.json({
        access_token: `${name}-${issued}`,
        token_type: 'Bearer',
        expires_in: 60,
      })
    },
    { allow },
  )
  managers.push(manager)
  return { manager, issued: () => issued }
}

type Load = Parameters<Parameters<typeof createMapAuthorizer>[1]['addProtocol']>[1]

function registry() {
  const schemes = new Map<string, Load>()
  return { schemes, addProtocol: (scheme: string, load: Load) => void schemes.set(scheme, load) }
}

const HTTPS = 'https://tiles.example/v1/'

async function fresh(allow: Parameters<typeof manage>[0] = [HTTPS]) {
  const { manager } = manage(allow)
  await manager.getToken()
  const { schemes, addProtocol } = registry()
  return { manager, schemes, auth: createMapAuthorizer(manager, { addProtocol }) }
}

/** As much of MapLibre's `Evented` as the plugin meets. */
function fakeMap() {
  const _listeners: Record<string, ((event: object) => void)[]> = {}
  const reloaded: string[] = []
  const tile = { state: 'errored', tileID: { key: 'k', canonical: { x: 0, y: 0, z: 0 } } }
  const map = {
    _listeners,
    on(type: string, listener: (event: never) => void) {
      _listeners[type] ??= []
      _listeners[type].push(listener as (event: object) => void)
    },
    off(type: string, listener: unknown) {
      _listeners[type] = (_listeners[type] ?? []).filter((each) => each !== listener)
    },
    getSource: (_id: string) => source,
    fire(type: string, event: object) {
      for (const listener of [...(_listeners[type] ?? [])]) listener(event)
    },
    style: {
      tileManagers: {
        source: {
          getTileByID: () => tile,
          _reloadTile: async (_key: string, state: string) => {
            reloaded.push(state)
          },
        },
      },
    },
  }
  const source = { type: 'raster', tiles: [`${HTTPS}{z}/{x}/{y}.png`] }
  const count = () => Object.values(_listeners).reduce((sum, list) => sum + list.length, 0)
  return { map, tile, reloaded, count }
}
const refusal = (url: string, more: object = {}) => ({
  error: Object.assign(new Error(`Unauthorized (401): ${url}`), { status: 401, url }),
  ...more,
})
const settle = () => new Promise((resolve) => setTimeout(resolve))

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
  ])('leaves %s alone', async (url) => {
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

  test('keeps what the user’s own transform says, and never its objects', async () => {
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

  test('judges the URL that the own transform returns', async () => {
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
    '%s always waits, without a token in its URL or headers',
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

  test('a video carries its token in the query, else it is an error of the map and no exception', async () => {
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

  test('the same prefix twice throws, naming it', () => {
    expect(() =>
      createMapAuthorizer([manage([HTTPS]).manager, manage([HTTPS]).manager], registry()),
    ).toThrow(HTTPS)
    // @ts-expect-error addProtocol is required
    expect(() => createMapAuthorizer(manage([HTTPS]).manager, {})).toThrow(TypeError)
  })
})

describe('attach', () => {
  test('is idempotent, ends with the map, and may be repeated', async () => {
    const { auth, manager } = await fresh()
    const { map, count } = fakeMap()
    const detach = auth.attach(map)
    const attached = count()
    expect(auth.attach(map)).toBe(detach)
    expect(count()).toBe(attached)
    detach()
    detach()
    expect(count()).toBe(0)
    for (let mount = 0; mount < 3; mount += 1) auth.attach(map)()
    auth.attach(map)
    expect(count()).toBe(attached)
    map.fire('remove', {})
    expect(count()).toBe(0)
    auth.attach(map)
    auth.dispose()
    expect(count()).toBe(0)
    expect(manager.state).toBe('fresh')
  })

  test('a stale detach does not end a later attachment', async () => {
    const { auth } = await fresh()
    const { map, count } = fakeMap()
    const stale = auth.attach(map)
    stale()
    auth.attach(map)
    const attached = count()
    stale()
    expect(count()).toBe(attached)
  })

  test('what was lost is asked for again though the map was attached anew meanwhile, as by a render', async () => {
    const { auth, manager } = await fresh()
    const { map, tile, reloaded } = fakeMap()
    const url = auth.transformRequest(`${HTTPS}style.json`, 'Style')?.url ?? ''
    const error = Object.assign(new Error('denied'), { status: 401, url, awaits: true })
    auth.attach(map)
    map.fire('error', { error, tile, sourceId: 'source' })
    auth.attach(map)()
    auth.attach(map)
    expect(reloaded).toEqual([])
    await manager.renew()
    expect(reloaded).toEqual(['loading'])
  })

  test.each([
    [true, 7],
    [false, 9],
  ])(
    'a resource that no token opens is asked for ever more seldom; with tiles that come meanwhile: %s',
    async (come, retries) => {
      const { auth, manager } = await fresh()
      const { map, tile } = fakeMap()
      vi.spyOn(console, 'error').mockImplementation(() => {})
      const raster = map.getSource('source')
      const json = { type: 'geojson', setData: vi.fn() }
      Object.assign(map, { getSource: (id: string) => (id === 'json' ? json : raster) })
      auth.attach(map)
      const url = auth.transformRequest(`${HTTPS}closed.geojson`, 'Source')?.url ?? ''
      await manager.renew()
      let answered = -1
      for (let round = 0; round < 40; round += 1) {
        const asked = json.setData.mock.calls.length
        if (asked > answered) map.fire('error', refusal(url, { sourceId: 'json' }))
        answered = asked
        // A source that is refused has tiles too, without content.
        map.fire('data', { tile: { ...tile }, sourceId: 'json' })
        if (come) map.fire('data', { tile, sourceId: 'source' })
        await manager.renew()
      }
      expect(json.setData).toHaveBeenCalledTimes(retries)
      // It opens, and much later there is a refusal that has nothing to do with those.
      for (let round = 0; round < 2000; round += 1) await manager.renew()
      json.setData.mockClear()
      map.fire('error', refusal(url, { sourceId: 'json' }))
      await manager.renew()
      expect(json.setData).toHaveBeenCalledTimes(1)
    },
  )

  test('an isAuthFailure that throws leaves no token in the error', async () => {
    const { manager } = manage([{ prefix: HTTPS, attach: { query: 'ticket' } }])
    await manager.getToken()
    const auth = createMapAuthorizer(
      {
        ...manager,
        isAuthFailure: () => {
          throw new Error('of the application')
        },
      },
      registry(),
    )
    const { map } = fakeMap()
    const uncaught = vi.fn()
    process.once('unhandledRejection', uncaught)
    auth.attach(map)
    const heard: string[] = []
    map.on('error', ({ error }: { error: Error }) => heard.push(error.message))
    map.fire('error', refusal(auth.transformRequest(`${HTTPS}1.png`, 'Tile')?.url ?? ''))
    expect(heard[0]).not.toContain('canary')
    await settle()
  })

  test('a refused tile is requested again at once, in the state that suits its kind', async () => {
    const { auth, manager } = await fresh()
    const { map, tile, reloaded } = fakeMap()
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    auth.attach(map)
    auth.transformRequest(`${HTTPS}1.png`, 'Tile')
    map.fire('error', refusal(`${HTTPS}1.png`, { tile, sourceId: 'source' }))
    expect(reloaded).toEqual(['loading'])
    expect(manager.peek()).toBeUndefined()
    await settle()
    expect(printed).not.toHaveBeenCalled()
  })

  test('late refusals of a replaced token cost no exchange', async () => {
    const { manager, issued } = manage([HTTPS])
    await manager.getToken()
    const auth = createMapAuthorizer(manager, registry())
    const { map, tile, reloaded } = fakeMap()
    auth.attach(map)
    for (let n = 0; n < 10; n += 1) auth.transformRequest(`${HTTPS}${n}.png`, 'Tile')
    await manager.renew()
    for (let n = 0; n < 10; n += 1) {
      map.fire('error', refusal(`${HTTPS}${n}.png`, { tile, sourceId: 'source' }))
    }
    expect(reloaded).toHaveLength(10)
    expect(manager.peek()?.value).toBe('canary-2')
    expect(issued()).toBe(2)
  })

  test('an error is printed, redacted, only where nobody listens', async () => {
    const { auth } = await fresh([{ prefix: HTTPS, attach: { query: 'ticket' } }])
    const { map } = fakeMap()
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    auth.attach(map)
    const url = auth.transformRequest(`${HTTPS}1.png`, 'Tile')?.url ?? ''
    expect(url).toContain('canary')
    const failure = () => {
      const { error } = refusal(url)
      return { error: Object.assign(error, { status: 500 }) }
    }
    map.fire('error', failure())
    map.fire('error', { error: new Error('of a layer') })
    await settle()
    expect(printed).toHaveBeenCalledTimes(2)
    for (const [error] of printed.mock.calls) {
      expect(`${error.message} ${error.stack} ${error.url}`).not.toContain('canary')
    }
    const heard: { message: string; url: string }[] = []
    map.on('error', ({ error }: { error: (typeof heard)[0] }) => heard.push(error))
    map.fire('error', failure())
    await settle()
    expect(printed).toHaveBeenCalledTimes(2)
    expect(heard[0]?.url).toContain('ticket=…')
    expect(heard[0]?.message).not.toContain('canary')
  })

  test('a listener that was there before sees the redacted error too', async () => {
    const { auth } = await fresh([{ prefix: HTTPS, attach: { query: 'ticket' } }])
    const { map } = fakeMap()
    const heard: string[] = []
    map.on('error', ({ error }: { error: Error }) => heard.push(error.message))
    auth.attach(map)
    const url = auth.transformRequest(`${HTTPS}1.png`, 'Tile')?.url ?? ''
    map.fire('error', refusal(url))
    expect(heard[0]).not.toContain('canary')
  })

  test('an error without a URL, such as that of a tile that cannot be parsed, is redacted too', async () => {
    const { auth } = await fresh([{ prefix: HTTPS, attach: { query: 'ticket' } }])
    const { map } = fakeMap()
    const heard: Error[] = []
    map.on('error', ({ error }: { error: Error }) => heard.push(error))
    auth.attach(map)
    const url = auth.transformRequest(`${HTTPS}1.mvt`, 'Tile')?.url
    map.fire('error', { error: new Error(`Unable to parse the tile at ${url}, got error: 5`) })
    expect(heard[0]?.message).toContain('Unable to parse')
    expect(`${heard[0]?.message} ${heard[0]?.stack}`).not.toContain('canary')
  })

  test('two authorizers on one map: one heals, and neither prints nor blames the other’s URL', async () => {
    const north = await fresh([`${HTTPS}north/`])
    const south = await fresh([`${HTTPS}south/`])
    const { map, tile, reloaded } = fakeMap()
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const reported: string[] = []
    for (const { auth, manager } of [south, north]) {
      manager.on('error', ({ code }) => reported.push(code))
      auth.attach(map)
    }
    for (const [{ auth }, path] of [
      [north, 'north/1'],
      [south, 'south/1'],
    ] as const) {
      auth.transformRequest(HTTPS + path, 'Tile')
      map.fire('error', refusal(HTTPS + path, { tile, sourceId: 'source' }))
    }
    await settle()
    expect(reloaded).toHaveLength(2)
    expect(reported).toEqual([])
    map.fire('error', { error: new Error('of a layer') })
    await settle()
    expect(printed).toHaveBeenCalledTimes(1)
  })

  test('a refusal beside the list is reported by code', async () => {
    const { auth, manager } = await fresh()
    const { map } = fakeMap()
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const reported: string[] = []
    manager.on('error', ({ code }) => reported.push(code))
    auth.attach(map)
    for (const status of [500, 403, 401]) {
      const { error } = refusal('https://tiles.example/v2/1.png')
      map.fire('error', { error: Object.assign(error, { status }) })
    }
    await settle()
    expect(reported).toEqual(['ERR_URL_NOT_ALLOWED'])
  })

  test('errors without URL, status or error are no trouble', async () => {
    const { auth } = await fresh()
    const { map } = fakeMap()
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    auth.attach(map)
    map.fire('error', {})
    map.fire('error', { error: new Error('plain') })
    map.fire(
      'error',
      refusal('', { error: Object.assign(new Error('net'), { status: 0, url: `${HTTPS}1` }) }),
    )
    await settle()
    expect(printed).toHaveBeenCalledTimes(2)
  })
})
