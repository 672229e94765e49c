import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { readClaims } from '../support/brokers/broker-under-test.ts'
import { listRoutes } from '../support/brokers/list-routes.ts'
import { readDatabase } from '../support/brokers/read-database.ts'
import {
  DATASET,
  startTwoAccounts,
  TILE,
  type TwoAccounts,
} from '../support/brokers/two-accounts.ts'

const SCOPE = 'tiles:read places:read billing:manage admin:access'
const idOf = (token: string) => String(readClaims(token).sub)

interface Tried extends TwoAccounts {
  /** An API token of `demo` that nobody else needs. */
  readonly spare: string
  /** Another API token of `demo` that may do everything. */
  readonly full: string
}

type Ask = (running: Tried, token: string) => Promise<Response>

/** Presents the token in the header. */
const ask =
  (method: string, path: string | ((running: Tried) => string), body?: object): Ask =>
  (running, token) =>
    fetch(`${running.url}${typeof path === 'string' ? path : path(running)}`, {
      method,
      headers: { ...bearer(token), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })

const postForm =
  (path: string, fields: (running: Tried, token: string) => Record<string, string>): Ask =>
  (running, token) =>
    fetch(`${running.url}${path}`, {
      method: 'POST',
      body: new URLSearchParams(fields(running, token)),
    })

const asClient = (token: string) => ({ client_id: idOf(token), client_secret: token })
const exchangeOf = (token: string) => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: token,
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
})

/** The refusal of a read-only token in the words of each API. */
const GEOG = [403, { success: false, error: 'invalid_scope', code: 'INVALID_SCOPE' }] as const
const GEOLENS = [
  403,
  { title: 'Forbidden', status: 403, detail: 'This API key is read-only' },
] as const
const OAUTH = [400, { error: 'unauthorized_client' }] as const

type Refusal = typeof GEOG | typeof GEOLENS | typeof OAUTH

const admin = (method: string, path: Parameters<typeof ask>[1], body?: object) =>
  [GEOG, ask(method, path, body)] as const

/** Ways to make or change something with an API token, by route. */
const WRITING: Readonly<Record<string, readonly [Refusal, ...Ask[]]>> = {
  'POST /v1/auth/token': [GEOG, ask('POST', '/v1/auth/token'), ask('POST', '/v1/auth/token', {})],
  'POST /v1/admin/accounts': admin('POST', '/v1/admin/accounts', { name: 'made' }),
  'POST /v1/admin/accounts/:name/expire': admin('POST', '/v1/admin/accounts/old/expire'),
  'POST /v1/admin/accounts/:name/disable': admin('POST', '/v1/admin/accounts/old/disable'),
  'POST /v1/admin/tokens': admin('POST', '/v1/admin/tokens', {
    account: 'rival',
    scope: 'tiles:read',
  }),
  'POST /v1/admin/tokens/:id/expire': admin(
    'POST',
    ({ spare }) => `/v1/admin/tokens/${idOf(spare)}/expire`,
  ),
  'POST /v1/admin/keys/rotate': admin('POST', '/v1/admin/keys/rotate'),
  'POST /auth/download-token/:id': [
    GEOLENS,
    ask('POST', `/auth/download-token/${DATASET}`),
    ({ post }, token) => post(`/auth/download-token/${DATASET}`, undefined, { 'x-api-key': token }),
    ({ post }, token) => post(`/auth/download-token/${DATASET}?api_key=${token}`),
  ],
  'POST /oauth/token': [
    OAUTH,
    postForm('/oauth/token', (_, token) => exchangeOf(token)),
    postForm('/oauth/token', ({ full }, token) => ({ ...exchangeOf(full), ...asClient(token) })),
    postForm('/oauth/token', (_, token) => ({ ...exchangeOf(token), ...asClient(token) })),
  ],
  'POST /oauth/revoke': [
    OAUTH,
    postForm('/oauth/revoke', ({ spare }, token) => ({ ...asClient(token), token: spare })),
  ],
  'DELETE /v1/admin/tokens/:id': admin('DELETE', ({ spare }) => `/v1/admin/tokens/${idOf(spare)}`),
}

/** Routes that only read, although their method is POST. */
const READING: Readonly<Record<string, Ask>> = {
  'POST /oauth/introspect': postForm('/oauth/introspect', ({ full }, token) => ({
    ...asClient(token),
    token: full,
  })),
}

const MAPBOX =
  (path: string, method: string): Ask =>
  ({ url }, token) =>
    fetch(`${url}${path}?access_token=${token}`, { method, body: '{}' })

/** Routes that accept no API token, whatever it may do. */
const CLOSED: Readonly<Record<string, Ask>> = {
  'POST /map-token': ask('POST', '/map-token', { grant: 'signed' }),
  'POST /token': ({ post }, token) => post('/token', { refresh_token: token }, bearer(token)),
  'POST /token/refresh': ({ post }, token) => post('/token/refresh', { refresh_token: token }),
  'POST /logout': ask('POST', '/logout', {}),
  'POST /account/password': ask('POST', '/account/password', { password: 'a', new_password: 'b' }),
  'POST /tokens/v2/:username': MAPBOX('/tokens/v2/demo', 'POST'),
  'PATCH /tokens/v2/:username/:id': MAPBOX('/tokens/v2/demo/x', 'PATCH'),
  'DELETE /tokens/v2/:username/:id': MAPBOX('/tokens/v2/demo/x', 'DELETE'),
}

async function start() {
  const running = await startTwoAccounts()
  const create = async (...args: string[]) =>
    (await running.cli('token', 'create', '--account', 'demo', '--scope', ...args)).out.trim()
  await running.cli('account', 'create', 'old')
  const [spare, full, readOnly] = [
    await create('tiles:read'),
    await create(SCOPE),
    await create(SCOPE, '--read-only'),
  ]
  return { ...running, spare, full, readOnly }
}

describe('X13: a read-only API token', () => {
  test('is tried at every route of every API that may change something', async () => {
    const { broker } = await startTwoAccounts()
    const routes = listRoutes(broker)
      .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
      .map(({ method, path }) => `${method} ${path}`)
    const tried = [WRITING, READING, CLOSED].flatMap((table) => Object.keys(table))
    expect(routes.length).toBeGreaterThan(10)
    expect([...routes].sort()).toEqual(tried.sort())
  })

  test('makes and changes nothing anywhere, and each API says so in its words; another token does', async () => {
    const running = await start()
    for (const [route, [[status, body], ...ways]] of Object.entries(WRITING))
      for (const [way, present] of ways.entries()) {
        const before = await readDatabase(running.data)
        const refused = await present(running, running.readOnly)
        expect({ route, way, status: refused.status, body: await refused.json() }).toEqual({
          route,
          way,
          status,
          body: expect.objectContaining(body),
        })
        expect(await readDatabase(running.data)).toEqual(before)
        const permitted = await present(running, running.full)
        expect([route, way, permitted.status]).toEqual([route, way, expect.toSatisfy(isSuccess)])
      }
  })

  test('is accepted no more than another one where no API token is', async () => {
    const running = await start()
    for (const [route, present] of Object.entries(CLOSED))
      for (const token of [running.readOnly, running.full]) {
        const before = await readDatabase(running.data)
        const { status } = await present(running, token)
        expect([route, status]).toEqual([route, expect.toSatisfy((code) => code >= 400)])
        expect(await readDatabase(running.data)).toEqual(before)
      }
  })

  test('reads what another one reads', async () => {
    const running = await start()
    const reads: readonly Ask[] = [
      ask('GET', TILE),
      ask('GET', '/v1/places?q=par'),
      ask('GET', '/v1/billing/usage'),
      ask('GET', '/v1/admin/accounts'),
      ask('HEAD', '/v1/admin/tokens'),
      ask('GET', '/v1/admin/audit'),
      ask('HEAD', `/datasets/${DATASET}/download/cog`),
    ]
    for (const read of reads) expect((await read(running, running.readOnly)).status).toBe(200)
    for (const read of Object.values(READING)) {
      const answer = await read(running, running.readOnly)
      expect([answer.status, (await answer.json()).active]).toEqual([200, true])
    }
  })
})

const isSuccess = (status: number) => status >= 200 && status < 300
