import { createMapAuthorizer } from '@tilepass/maplibre'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { disposeManagers, fresh, HTTPS, manage, registry } from './support/authorizers.ts'
import { fakeMap, refusal } from './support/fake-map.ts'

afterEach(() => {
  disposeManagers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** Lets promises and timers that are due run. */
const settle = () => new Promise((resolve) => setTimeout(resolve))

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

  test('a postponed request is made again even if the map was attached anew meanwhile, as by a render', async () => {
    const { auth, manager } = await fresh()
    const { map, tile, reloaded } = fakeMap()
    const url = auth.transformRequest(`${HTTPS}style.json`, 'Style')?.url ?? ''
    const error = Object.assign(new Error('denied'), { status: 401, url, noToken: true })
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
    'a resource that no token opens is requested with backoff; while tiles are served: %s',
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
        // A refused source has tiles too, without content.
        map.fire('data', { tile: { ...tile }, sourceId: 'json' })
        if (come) map.fire('data', { tile, sourceId: 'source' })
        await manager.renew()
      }
      expect(json.setData).toHaveBeenCalledTimes(retries)
      // It loads, and much later there is an unrelated refusal.
      for (let round = 0; round < 2000; round += 1) await manager.renew()
      json.setData.mockClear()
      map.fire('error', refusal(url, { sourceId: 'json' }))
      await manager.renew()
      expect(json.setData).toHaveBeenCalledTimes(1)
    },
  )

  test('an isAuthFailure that throws leaves no token in the error', async () => {
    const isAuthFailure = () => {
      throw new Error('of the application')
    }
    const rule = { prefix: HTTPS, attach: { query: 'ticket' } }
    const { manager } = manage([rule], 'canary', { isAuthFailure })
    await manager.getToken()
    const auth = createMapAuthorizer(manager, registry())
    const { map } = fakeMap()
    const uncaught = vi.fn()
    process.once('unhandledRejection', uncaught)
    auth.attach(map)
    const heard: string[] = []
    map.on('error', ({ error }: { error: Error }) => heard.push(error.message))
    map.fire('error', refusal(auth.transformRequest(`${HTTPS}1.png`, 'Tile')?.url ?? ''))
    expect(heard[0]).not.toContain('canary')
    await settle()
    await vi.waitFor(() => expect(uncaught).toHaveBeenCalledTimes(1))
  })

  test('before a tile has been read, a refused one is read before it rejects the token, since it may come from elsewhere', async () => {
    const { auth, manager } = await fresh()
    const { map, tile, reloaded } = fakeMap()
    auth.attach(map)
    auth.transformRequest(`${HTTPS}1.png`, 'Tile')
    map.fire('error', refusal(`${HTTPS}1.png`, { tile, sourceId: 'source' }))
    expect(reloaded).toEqual(['loading'])
    expect(manager.peek()?.value).toBe('canary-1')
  })

  test('a refused tile is requested again at once, in the state that suits its type', async () => {
    const { auth, manager, schemes } = await fresh()
    vi.stubGlobal('fetch', async () => new Response('a tile'))
    for (const [scheme, load] of schemes)
      await load({ url: `${scheme}://${HTTPS}0.png#Tile` }, new AbortController())
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

  test('an error is printed, redacted, only if there is no listener', async () => {
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

  test('a listener that was added before gets the redacted error too', async () => {
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

  test('of two authorizers on one map each recovers its own requests, and neither reports those of the other', async () => {
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

  test('a refusal outside the list is reported by code', async () => {
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

  test('events without URL, status or error cause no exception', async () => {
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

  test('a URL is matched once, from the request to its recovery', async () => {
    const { manager } = manage([HTTPS])
    await manager.getToken()
    const match = vi.fn(manager.match)
    const { schemes, addProtocol } = registry()
    const auth = createMapAuthorizer({ ...manager, match }, { addProtocol })
    const { map, tile, reloaded } = fakeMap()
    auth.attach(map)
    const direct = auth.transformRequest(`${HTTPS}1.png`, 'Tile')?.url ?? ''
    map.fire('error', refusal(direct, { tile, sourceId: 'source' }))
    expect(reloaded).toHaveLength(1)
    const wrapped = auth.transformRequest(`${HTTPS}style.json`, 'Style')?.url ?? ''
    vi.stubGlobal('fetch', async () => new Response('', { status: 401 }))
    const load = schemes.get(wrapped.split('://')[0] ?? '')
    const error = await load?.({ url: wrapped }, new AbortController()).catch((error) => error)
    expect(error).toMatchObject({ status: 401, url: wrapped })
    map.fire('error', { error })
    await settle()
    expect(match.mock.calls).toEqual([[`${HTTPS}1.png`], [`${HTTPS}style.json`]])
  })

  test('isAuthFailure is asked once per answer, with a readable body', async () => {
    const asked: string[] = []
    const isAuthFailure = async (response: Response) => {
      asked.push(`${response.status} ${await response.text()}`)
      return response.status === 403
    }
    const { manager } = manage([HTTPS], 'canary', { isAuthFailure })
    await manager.getToken()
    const { schemes, addProtocol } = registry()
    const auth = createMapAuthorizer(manager, { addProtocol })
    const { map, tile, reloaded } = fakeMap()
    vi.spyOn(console, 'error').mockImplementation(() => {})
    auth.attach(map)
    const { error } = refusal(auth.transformRequest(`${HTTPS}1.png`, 'Tile')?.url ?? '')
    const native = Object.assign(error, { status: 403, body: new Blob(['expired']) })
    map.fire('error', { error: native, tile, sourceId: 'source' })
    await settle()
    expect(asked).toEqual(['403 expired'])
    expect(reloaded).toHaveLength(1)
    asked.length = 0
    const wrapped = auth.transformRequest(`${HTTPS}style.json`, 'Style')?.url ?? ''
    vi.stubGlobal('fetch', async () => new Response('missing', { status: 404 }))
    const load = schemes.get(wrapped.split('://')[0] ?? '')
    const failure = await load?.({ url: wrapped }, new AbortController()).catch((error) => error)
    map.fire('error', { error: failure })
    await settle()
    expect(asked).toEqual(['404 missing'])
  })
})
