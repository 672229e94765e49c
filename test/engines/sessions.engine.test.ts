import {
  expect,
  inEachEngine,
  type Outcome,
  runScenario,
  test,
} from '../support/engines/engine-test.ts'
import { createSessionServers } from '../support/engines/session-servers.ts'
import type { SeenRequest } from '../support/engines/site.ts'
import { FRAMES, type SessionsReport } from './sessions.scenario.ts'

/** The least time (ms) between exchanges for tokens of 2 s: the margin is 20 %, the jitter at most 10 %. */
const INTERVAL = 1400

/** Exchanges that renewals in time may cost, with one at each end. */
const renewalsIn = (ms: number) => ms / INTERVAL + 2

/** Attempts in so many ms: backoff begins with 500 ms and doubles, and jitter takes up to a half of it. */
const attemptsIn = (ms: number) => Math.log2(ms / 250) + 2

const PARTS = ['renewals', 'revoked', 'down', 'up', 'offline', 'online', 'hidden', 'visible']

const isExchange = (endpoint: string, session: string) => (request: SeenRequest) =>
  request.url === `/${endpoint}/token?session=${session}`

inEachEngine('docs/browsers.md: maps of ten kinds with tokens of 2 s', (engine) => {
  test('get over all that happens to them with few exchanges, and lose no tile', async ({
    annotate,
  }) => {
    const outcome = await runScenario<SessionsReport>(
      engine,
      'engines/sessions.scenario.ts',
      createSessionServers,
    )
    expect(outcome.errors).toEqual([])
    const { result, requests } = outcome
    const sessions = Object.keys(result.failed)
    expect(sessions).toHaveLength(10)
    for (const line of describe(outcome)) await annotate(line)
    for (const session of sessions) expectFewExchanges(session, outcome)
    for (const session of ['maplibre-6-header', 'leaflet-header']) {
      const exchanges = requests.filter(isExchange('outage', session))
      const failed = exchanges.filter(({ status }) => status === 503).length
      expect(failed).toBeGreaterThan(0)
      expect(failed).toBeLessThanOrEqual(attemptsIn(result.took.outage ?? 0))
    }
    const shared = requests.filter(({ path }) => path === '/shared/token').length
    // Of three renewals two are taken over from another frame; in a page that stalls, fewer.
    expect(shared).toBeLessThan(result.shared)
    for (const session of sessions) expectTokensAtHome(session, requests)
  })
})

function expectFewExchanges(session: string, { result, requests }: Outcome<SessionsReport>): void {
  const { took } = result
  const exchanges = requests.filter(isExchange('main', session))
  const count = (part: string, status: number) =>
    exchanges.filter((request) => request.phase === part && request.status === status).length
  const limits = {
    renewals: renewalsIn(took.renewals ?? 0),
    revoked: 1,
    down: attemptsIn(took.down ?? 0),
    up: renewalsIn(took.up ?? 0),
    online: renewalsIn(took.online ?? 0),
    hidden: 0,
    visible: renewalsIn(took.visible ?? 0),
  }
  const seen = Object.entries(limits).map(([part, limit]) => {
    return { part, limit, exchanges: count(part, part === 'down' ? 503 : 200) }
  })
  const over = seen.filter(({ limit, exchanges }) => exchanges > limit)
  expect(over, `${session}: ${JSON.stringify(seen)}`).toEqual([])
  expect(count('revoked', 200)).toBe(1)
}

/** Tokens reach only the server that they are for, and only as they should travel. */
function expectTokensAtHome(session: string, requests: readonly SeenRequest[]): void {
  const own = requests.filter(
    ({ path, method }) => path.includes(`/${session}/`) && method === 'GET',
  )
  const strangers = own.filter(({ server }) => server === 'stranger')
  expect(strangers.length).toBeGreaterThan(10)
  expect(JSON.stringify(strangers)).not.toContain('canary')
  const tiles = own.filter(({ server, status }) => server !== 'stranger' && status !== 401)
  expect(tiles.length).toBeGreaterThan(5)
  const ways = tiles.map(({ url, headers }) =>
    [
      ...(headers.authorization?.includes('canary') ? ['header'] : []),
      ...(url.includes('canary') ? ['query'] : []),
      ...(headers.cookie?.includes('canary') ? ['cookie'] : []),
    ].join(', '),
  )
  expect([...new Set(ways)]).toEqual([/query|cookie/.exec(session)?.[0] ?? 'header'])
}

/** Lines for docs/browsers.md: exchanges by part, for the sessions with the fewest and the most. */
function* describe({ result, requests }: Outcome<SessionsReport>): Generator<string> {
  const sessions = Object.keys(result.failed)
  for (const part of PARTS) {
    const during = requests.filter(({ phase }) => phase === part)
    const counts = sessions.map((session) => during.filter(isExchange('main', session)).length)
    const tiles = during.filter(({ path, method }) => /^\/v1\/main/.test(path) && method === 'GET')
    const refused = tiles.filter(({ status }) => status === 401).length
    const range = `${Math.min(...counts)} to ${Math.max(...counts)}`
    yield `${part}, ${result.took[part]} ms: ${range} exchanges a session, ${tiles.length} tiles, ${refused} × 401`
  }
  for (const session of ['maplibre-6-header', 'leaflet-header']) {
    const statuses = requests.filter(isExchange('outage', session)).map(({ status }) => status)
    yield `outage of ${result.took.outage} ms, ${session}: ${statuses.join(' ')}`
  }
  const shared = requests.filter(({ path }) => path === '/shared/token').length
  yield `${FRAMES} frames: ${result.shared} tokens, ${shared} exchanges`
  yield `tiles that failed first: ${JSON.stringify(result.failed)}`
}
