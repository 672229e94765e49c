import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createRepeats, MAX_REPEATS, type TokenManager } from '../src/index.ts'
import { type Broker, pass, startBroker, stopClock } from './support/broker.ts'
import { ALLOW, manage, settled, TILE } from './support/manage.ts'

/** What the network does with a request; nothing is an answer that the page may read. */
type Network = (asked: Asked) => Response | 'lost' | undefined
interface Asked {
  readonly url: string
  readonly mode: string
  readonly redirect: string
  readonly token: string | undefined
}

let broker: Broker
let asked: Asked[]
let network: Network
beforeEach(() => {
  broker = startBroker()
  asked = []
  network = () => 'lost'
  onTestFinished(() => void vi.unstubAllGlobals())
  vi.stubGlobal('navigator', { onLine: true })
  vi.stubGlobal('location', new URL('https://map.example/page'))
  vi.stubGlobal('fetch', async (url: string, init: RequestInit = {}) => {
    const { mode = 'cors', redirect = 'follow', headers } = init
    const token = new Headers(headers).get('authorization')?.slice(7)
    const request = { url, mode, redirect, token }
    asked.push(request)
    const answer = network(request)
    if (answer === 'lost') throw new TypeError('Failed to fetch')
    return answer ?? new Response('ok')
  })
})

/** A server that answers, but without CORS headers while `hides` holds. */
const hidden =
  (hides: (asked: Asked) => boolean): Network =>
  (request) =>
    request.mode === 'cors' && hides(request) ? 'lost' : undefined

const probes = () => asked.filter(({ mode, redirect }) => mode !== 'cors' || redirect === 'manual')
const isFirst = ({ token }: Asked) => token === 'canary-1'

describe('a request without an answer', () => {
  test('whose server answers without CORS headers rejects the token, and is replayed with the next', async () => {
    const { tokens, errors, listen } = manage(broker)
    listen()
    network = hidden(isFirst)
    const response = tokens.fetch(TILE)
    await pass(2000)
    expect((await response).status).toBe(200)
    expect(asked.at(-1)?.token).toBe('canary-2')
    expect(errors).toMatchObject([
      {
        code: 'ERR_ANSWER_UNREADABLE',
        message: 'https://tiles.example.com answers without CORS headers for this page.',
      },
    ])
    // The question whether it answers at all carries no token.
    expect(probes().map(({ mode, token }) => [mode, token])).toEqual([
      ['cors', 'canary-1'],
      ['no-cors', undefined],
    ])
  })

  test('of a server that hides every answer rejects one token, and no other', async () => {
    const { tokens } = manage(broker)
    tokens.on('error', () => {})
    network = hidden(() => true)
    for (let minute = 0; minute < 10; minute += 1) {
      const ended = settled(tokens.fetch(TILE))
      await pass(60_000)
      expect(await ended).toBe('TypeError')
    }
    const { asked: exchanges } = broker
    expect(exchanges.filter((reason) => reason === 'rejected')).toHaveLength(1)
  })

  test('where this token has been served before rejects nothing, and is reported to nobody', async () => {
    const { tokens, errors, listen } = manage(broker)
    listen()
    network = hidden(({ url }) => url.endsWith('missing.png'))
    await tokens.fetch(TILE)
    const missing = settled(tokens.fetch(`${ALLOW}missing.png`))
    await pass(1000)
    expect(await missing).toBe('TypeError')
    expect(tokens.peek()?.value).toBe('canary-1')
    expect(errors).toEqual([])
  })

  test('names a redirect to where there are no CORS headers, and rejects nothing', async () => {
    const { tokens, errors, listen } = manage(broker)
    listen()
    network = ({ redirect }) =>
      redirect === 'manual'
        ? Object.defineProperty(new Response(), 'type', { value: 'opaqueredirect' })
        : 'lost'
    const message =
      'https://tiles.example.com redirects to a server without CORS headers for this page'
    const asked = expect(tokens.fetch(TILE)).rejects.toThrow(new TypeError(message))
    await pass(1000)
    await asked
    expect(errors.map((error) => error.message)).toEqual([`${message}.`])
    expect(tokens.peek()?.value).toBe('canary-1')
  })

  test.each([
    ['offline', () => vi.stubGlobal('navigator', { onLine: false }), 0],
    ['of the same origin', () => vi.stubGlobal('location', new URL(TILE)), 1],
    ['where there is no page', () => vi.stubGlobal('navigator', {}), 0],
    ['from a server that is down', () => {}, 2],
  ] as const)('%s rejects nothing', async (_title, arrange, questions) => {
    arrange()
    const { tokens, errors, listen } = manage(broker)
    listen()
    const ended = settled(tokens.fetch(TILE))
    await pass(1000)
    expect(await ended).toBe('TypeError')
    expect(probes()).toHaveLength(questions)
    expect(tokens.peek()?.value).toBe('canary-1')
    expect(errors).toEqual([])
  })

  test('is asked about once a minute and origin, however many there are', async () => {
    const { tokens } = manage(broker, { allow: [ALLOW, 'https://other.example/'] })
    const all = () =>
      Promise.all(
        [TILE, `${ALLOW}b.png`, `${ALLOW}c.png`, 'https://other.example/d.png'].map((url) =>
          settled(tokens.fetch(url)),
        ),
      )
    for (const [before, expected] of [
      [0, 4],
      [0, 4],
      [60_000, 8],
    ] as const) {
      await pass(before)
      const ended = all()
      await pass(1000)
      await ended
      expect(probes()).toHaveLength(expected)
    }
  })
})

/** An hour of a page that asks for a tile every 5 s. @returns how many exchanges it cost. */
async function spendHour(listen: (tokens: TokenManager) => void): Promise<number> {
  broker.asked.length = 0
  broker.lifetime = 2
  const { tokens } = manage(broker)
  listen(tokens)
  tokens.on('renewed', () => {})
  for (let second = 0; second < 3600; second += 5) {
    void settled(tokens.fetch(TILE))
    await pass(5000)
  }
  tokens.dispose()
  return broker.asked.length
}

test('an hour in which the tile server is down costs no exchange more than one in which it works', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  const fails = await spendHour(() => {})
  network = () => undefined
  const works = await spendHour(() => {})
  expect(works).toBeGreaterThan(1000)
  expect(fails).toBe(works)
})

test('unanswered requests are repeated 5 s apart at the earliest, and not offline', async () => {
  stopClock()
  const repeats = createRepeats()
  expect(MAX_REPEATS).toBe(2)
  expect(repeats(false)).toBe(false)
  expect(repeats(true)).toBe(true)
  await pass(4999)
  expect(repeats(true)).toBe(false)
  await pass(1)
  vi.stubGlobal('navigator', { onLine: false })
  expect(repeats(true)).toBe(false)
  vi.stubGlobal('navigator', { onLine: true })
  expect(repeats(true)).toBe(true)
})
