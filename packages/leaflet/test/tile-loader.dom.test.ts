import { type Attach, createTokenManager } from '@tilepass/core'
import { withTokens } from '@tilepass/leaflet'
import * as L from 'leaflet'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTileLoader } from '../src/tile-loader.ts'

const PREFIX = 'https://tiles.example/v1/'
/** Milliseconds that an exchange takes. */
const LATENCY = 100
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'],
    now: 1_800_000_000_000,
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** A manager whose tokens are `canary-1`, `canary-2`, …, and what is asked of it. */
async function setUp(attach: Attach) {
  let issued = 0
  const asked: string[] = []
  const isAuthFailure = async (response: Response) => {
    const text = await response.text()
    asked.push(text)
    return text === 'refused'
  }
  const manager = createTokenManager(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, LATENCY))
      return Response.json({ access_token: `canary-${++issued}`, expires_in: 60 })
    },
    { allow: [{ prefix: PREFIX, attach }], isAuthFailure },
  )
  const first = manager.getToken()
  await pass(LATENCY)
  await first
  const match = vi.fn(manager.match)
  const tokens = { ...manager, match }
  const loader = createTileLoader(tokens)
  loader.start()
  const load = (name: string) => {
    const tile = document.createElement('img')
    tile.setAttribute('src', PREFIX + name)
    loader.load(tile)
    return tile
  }
  return { manager, tokens, match, asked, loader, load }
}

/** Answers every request with what `answer` says for the token that it carries. */
function serve(answer: (token: string) => string | Response) {
  const fetched = vi.fn(async (url: string, init?: RequestInit) => {
    const token = new Headers(init?.headers).get('authorization')?.slice(7) ?? url.split('=')[1]
    const body = answer(token ?? '')
    return typeof body === 'string' ? new Response(body) : body
  })
  vi.stubGlobal('fetch', fetched)
  return fetched
}

describe.each<Attach>(['header', { query: 'ticket' }])('attached by %j', (attach) => {
  test('a URL is matched when the class asks for it and when it sets it', async () => {
    serve(() => 'image')
    const { tokens, match } = await setUp(attach)
    const Layer = withTokens(L.TileLayer)
    const layer = new Layer(`${PREFIX}{x}.png`, { tokens }) as L.GridLayer
    const created = layer as unknown as {
      createTile(coords: object, done: () => void): HTMLElement
    }
    created.createTile({ x: 1, y: 1, z: 1 }, () => {})
    await pass()
    expect(match.mock.calls).toEqual([[`${PREFIX}1.png`], [`${PREFIX}1.png`]])
  })

  test('a tile that was dropped is neither shown nor requested again', async () => {
    const { manager, loader, load } = await setUp(attach)
    manager.invalidate()
    const fetched = serve(() => 'image')
    const tile = load('1.png')
    loader.release(tile)
    await pass(60_000)
    expect(tile.hasAttribute('src')).toBe(false)
    expect(fetched).not.toHaveBeenCalled()
  })

  test('a tile that got no token is requested again when one comes', async () => {
    const { manager, load } = await setUp(attach)
    serve(() => 'image')
    manager.invalidate()
    const tile = load('1.png')
    const failed = vi.fn()
    tile.addEventListener('error', failed)
    await pass(LATENCY / 2)
    manager.invalidate()
    await pass()
    expect(failed).toHaveBeenCalledTimes(1)
    void manager.renew()
    await pass(LATENCY)
    expect(tile.getAttribute('src')).toMatch(attach === 'header' ? /^blob:/ : /ticket=canary/)
  })
})

describe('attached by header', () => {
  test('isAuthFailure is asked once per answer, with a readable body', async () => {
    const { asked, load } = await setUp('header')
    serve((token) => (token === 'canary-1' ? 'refused' : 'image'))
    const tile = load('1.png')
    await pass(1000)
    expect(asked).toEqual(['refused', 'image'])
    expect(tile.src).toMatch(/^blob:/)
  })

  test('a tile that is refused with every token fails with the status, and is tried again four times', async () => {
    const { manager, asked, load } = await setUp('header')
    serve(() => 'refused')
    const errors: unknown[] = []
    load('1.png').addEventListener('error', ({ error }) => errors.push(error.status))
    for (let renewal = 0; renewal < 10; renewal += 1) {
      await pass(60_000)
      void manager.renew()
    }
    expect(errors.slice(0, 3)).toEqual([200, 200, 200])
    expect(errors).toHaveLength(5)
    expect(asked.length).toBeLessThanOrEqual(10)
  })

  test('six tiles are in flight at a time, and an object URL ends with its tile', async () => {
    const answers: ((response: Response) => void)[] = []
    const { loader, load } = await setUp('header')
    const fetched = vi.fn(() => new Promise<Response>((resolve) => answers.push(resolve)))
    vi.stubGlobal('fetch', fetched)
    const revoke = vi.spyOn(URL, 'revokeObjectURL')
    const tiles = Array.from({ length: 8 }, (_, n) => load(`${n}.png`))
    await pass()
    expect(fetched).toHaveBeenCalledTimes(6)
    loader.release(tiles[6])
    answers[0]?.(new Response('image'))
    await pass()
    expect(fetched).toHaveBeenCalledTimes(7)
    expect(fetched).toHaveBeenLastCalledWith(`${PREFIX}7.png`, expect.anything())
    const { src } = tiles[0] as HTMLImageElement
    loader.stop()
    expect(revoke).toHaveBeenCalledWith(src)
  })

  test('a missing tile fails with its status and is not requested again', async () => {
    const { manager, load } = await setUp('header')
    const fetched = serve(() => new Response('', { status: 404 }))
    const errors: Error[] = []
    load('1.png').addEventListener('error', ({ error }) => errors.push(error))
    await pass()
    void manager.renew()
    await pass(LATENCY)
    expect(errors).toMatchObject([{ status: 404, message: 'The tile server answered 404.' }])
    expect(fetched).toHaveBeenCalledTimes(1)
  })
})

describe('attached by query', () => {
  test('one probe finds out for all failed tiles why, and isAuthFailure is asked once', async () => {
    const { asked, loader, load } = await setUp({ query: 'ticket' })
    const fetched = serve((token) => (token === 'canary-1' ? 'refused' : 'image'))
    const tiles = [load('1.png'), load('2.png')]
    for (const tile of tiles) expect(loader.retry(tile, new Event('error'))).toBe(true)
    await pass(1000)
    expect(asked).toEqual(['refused'])
    expect(fetched).toHaveBeenCalledTimes(1)
    expect(tiles.map(({ src }) => src)).toEqual([
      `${PREFIX}1.png?ticket=canary-2`,
      `${PREFIX}2.png?ticket=canary-2`,
    ])
  })

  test('the probed tile fails with the status of the answer, the others with their own error', async () => {
    const { loader, load } = await setUp({ query: 'ticket' })
    serve(() => new Response('', { status: 404 }))
    const errors: unknown[] = []
    for (const name of ['1.png', '2.png']) {
      const tile = load(name)
      tile.addEventListener('error', ({ error }) => errors.push(error.status ?? error.type))
      loader.retry(tile, new Event('error'))
    }
    await pass(1000)
    expect(errors).toEqual([404, 'error'])
  })

  test('an error that is already explained, or of another image, ends the tile', async () => {
    const { loader, load } = await setUp({ query: 'ticket' })
    const tile = load('1.png')
    expect(loader.retry(tile, new ErrorEvent('error', { error: 1 }))).toBe(false)
    tile.src = 'https://elsewhere.example/error.png'
    expect(loader.retry(tile, new Event('error'))).toBe(false)
    expect(loader.retry(document.createElement('img'), new Event('error'))).toBe(false)
  })
})

describe('attached by cookie', () => {
  // WebKit answers the same URL with another error, without a request.
  test('an image that is requested again has no URL in between, as the URL stays the same', async () => {
    const { loader, load } = await setUp('cookie')
    serve(() => 'refused')
    const tile = load('1.png')
    const removed = vi.spyOn(tile, 'removeAttribute')
    loader.retry(tile, new Event('error'))
    await pass(1000)
    expect(removed).toHaveBeenCalledWith('src')
    expect(tile.src).toBe(`${PREFIX}1.png`)
  })
})
