import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { readClaims } from '../support/brokers/broker-under-test.ts'
import {
  DATASET,
  type EveryKind,
  type KindName,
  startTwoAccounts,
  TILE,
  type TwoAccounts,
} from '../support/brokers/two-accounts.ts'

type Present = (running: TwoAccounts, token: string) => Promise<Response>

const inHeader =
  (method: string, path: string): Present =>
  ({ url }, token) =>
    fetch(`${url}${path}`, { method, headers: bearer(token) })

const inQuery =
  (method: string, path: string, name: string): Present =>
  ({ url }, token) =>
    fetch(`${url}${path}?${name}=${token}`, { method })

const inForm =
  (path: string, fields: (token: string) => Record<string, string>): Present =>
  ({ url }, token) =>
    fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(fields(token)) })

/** The id inside a token, if it has one. */
function readId(token: string): string {
  try {
    const { sub, a } = readClaims(token)
    return String(sub ?? a ?? 'x')
  } catch {
    return 'x'
  }
}

type Endpoint = [string, Present, KindName[]]

/** Every endpoint that takes a credential, how the credential is presented, and the kinds that it accepts. */
const ENDPOINTS: Endpoint[] = [
  ['POST /v1/auth/token', inHeader('POST', '/v1/auth/token'), ['api']],
  ['GET a tile', inHeader('GET', TILE), ['api', 'access', 'granted', 'pk', 'tk']],
  [
    'GET a tile, in the query',
    inQuery('GET', TILE, 'access_token'),
    ['api', 'access', 'granted', 'pk', 'tk'],
  ],
  ['GET /v1/places', inHeader('GET', '/v1/places?q=par'), ['api', 'access']],
  ['GET /v1/billing/usage', inHeader('GET', '/v1/billing/usage'), ['api']],
  ['GET /v1/admin/tokens', inHeader('GET', '/v1/admin/tokens'), ['api']],
  [
    'POST /map-token of a grant that requires a session',
    ({ post }, token) => post('/map-token', { grant: 'signed' }, bearer(token)),
    ['session'],
  ],
  ['GET /account', inHeader('GET', '/account'), ['session']],
  [
    'POST /auth/download-token/{id}',
    inHeader('POST', `/auth/download-token/${DATASET}`),
    ['api', 'session'],
  ],
  [
    'POST /auth/download-token/{id}, X-Api-Key',
    ({ post }, token) => post(`/auth/download-token/${DATASET}`, undefined, { 'x-api-key': token }),
    ['api'],
  ],
  ['GET a download', inHeader('GET', `/datasets/${DATASET}/download/cog`), ['api', 'session']],
  [
    'GET a download, ?token=',
    inQuery('GET', `/datasets/${DATASET}/download/cog`, 'token'),
    ['download'],
  ],
  [
    'GET a download, ?api_key=',
    inQuery('GET', `/datasets/${DATASET}/download/cog`, 'api_key'),
    ['api'],
  ],
  ['GET /tokens/v2/{user}', inQuery('GET', '/tokens/v2/demo', 'access_token'), ['sk']],
  ['GET /tokens/v2/{user}, in the header', inHeader('GET', '/tokens/v2/demo'), []],
  ['GET /scopes/v1/{user}', inQuery('GET', '/scopes/v1/demo', 'access_token'), ['sk']],
  [
    'POST /oauth/token as the subject token',
    inForm('/oauth/token', (token) => ({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })),
    ['api'],
  ],
  [
    'POST /oauth/introspect as the client',
    inForm('/oauth/introspect', (token) => ({
      client_id: readId(token),
      client_secret: token,
      token,
    })),
    ['api'],
  ],
]

/** The same for endpoints that end or consume the token. */
const SPENDING: Endpoint[] = [
  ['POST /logout', inHeader('POST', '/logout'), ['session']],
  [
    'POST /token/refresh',
    ({ post }, token) => post('/token/refresh', { refresh_token: token }),
    ['refresh'],
  ],
  ['POST /token', ({ post }, token) => post('/token', { refresh_token: token }), ['refresh']],
]

const toTable = (endpoints: readonly Endpoint[]) =>
  Object.fromEntries(endpoints.map(([name, , kinds]) => [name, [...kinds].sort()]))

/** The kinds that an endpoint accepts. Every other kind must be refused with a 4xx status. */
async function listTaken(running: TwoAccounts, present: Present): Promise<string[]> {
  const taken: string[] = []
  for (const [kind, token] of Object.entries(running.demo satisfies EveryKind)) {
    const { status } = await present(running, token)
    if (status < 300) taken.push(kind)
    else expect([400, 401, 403, 404]).toContain(status)
  }
  return taken.sort()
}

describe('T8: every kind of token at every endpoint', () => {
  test('an endpoint accepts only the kinds meant for it', async () => {
    const running = await startTwoAccounts()
    const taken: Record<string, string[]> = {}
    for (const [name, present] of ENDPOINTS) taken[name] = await listTaken(running, present)
    expect(taken).toEqual(toTable(ENDPOINTS))
  })

  test.each(SPENDING)(
    '%s, which consumes the token, accepts only the kinds meant for it',
    async (_, present, expected) => {
      const running = await startTwoAccounts()
      expect(await listTaken(running, present)).toEqual([...expected].sort())
    },
  )

  test('introspection describes only API and access tokens', async () => {
    const running = await startTwoAccounts()
    const { demo } = running
    const active: string[] = []
    for (const [kind, token] of Object.entries(demo)) {
      const body = new URLSearchParams({
        client_id: readId(demo.api),
        client_secret: demo.api,
        token,
      })
      const response = await fetch(`${running.url}/oauth/introspect`, { method: 'POST', body })
      if ((await response.json()).active) active.push(kind)
    }
    expect(active.sort()).toEqual(['access', 'api', 'granted'])
  })
})

test('inspect recognizes every kind and says whether it is still valid', async () => {
  const running = await startTwoAccounts()
  const inspect = async () => {
    const verdicts: Record<string, string> = {}
    for (const [kind, token] of Object.entries(running.demo)) {
      const verdict = JSON.parse((await running.cli('inspect', token, '--json')).out)
      verdicts[kind] = verdict.valid ? verdict.kind : 'not valid'
    }
    return verdicts
  }
  const kinds = Object.keys(running.demo)
  expect(await inspect()).toEqual({
    ...Object.fromEntries(kinds.map((kind) => [kind, kind])),
    granted: 'access',
  })
  running.clock.now += 366 * 86_400_000
  expect(await inspect()).toEqual({
    ...Object.fromEntries(kinds.map((kind) => [kind, 'not valid'])),
    // These two never expire.
    pk: 'pk',
    sk: 'sk',
  })
})

describe('T16: a disabled account', () => {
  test('loses all its tokens, of every kind, at every endpoint; other accounts keep theirs', async () => {
    const running = await startTwoAccounts()
    expect((await running.cli('account', 'disable', 'demo')).code).toBe(0)
    const read = async () => {
      const answers: string[] = []
      for (const [name, present] of [...ENDPOINTS, ...SPENDING])
        for (const [kind, token] of Object.entries(running.demo)) {
          const { status } = await present(running, token)
          if (status < 300) answers.push(`${name}: ${kind}`)
        }
      return answers
    }
    await expect.poll(read, { timeout: 15_000 }).toEqual([])
    const open = await running.post('/map-token')
    expect([open.status, (await open.json()).error]).toEqual([403, 'account_disabled'])
    const signIn = { username: 'demo', password: 'correct horse' }
    expect((await running.post('/token', signIn)).status).toBe(401)
    const { status } = await fetch(`${running.url}${TILE}`, { headers: bearer(running.rival.api) })
    expect(status).toBe(200)
  })

  test('gets no new tokens, by command line or over HTTP', async () => {
    const running = await startTwoAccounts()
    const headers = bearer(running.rival.api)
    const disabled = await running.post('/v1/admin/accounts/demo/disable', undefined, headers)
    expect(disabled.status).toBe(204)
    const tile = await fetch(`${running.url}${TILE}`, { headers: bearer(running.demo.granted) })
    expect(tile.status).toBe(401)
    const args = ['token', 'create', '--account', 'demo', '--scope', 'tiles:read']
    for (const more of [[], ['--format', 'mapbox', '--scope', 'styles:tiles']])
      expect(await running.cli(...args, ...more)).toMatchObject({ code: 1, out: '' })
    const order = { account: 'demo', scope: 'tiles:read' }
    expect((await running.post('/v1/admin/tokens', order, headers)).status).toBe(409)
  })
})
