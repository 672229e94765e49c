import { createVerifier, GuardError } from '@tilepass/guard'
import { describe, expect, test } from 'vitest'
import { bearer } from '../support/brokers/bearer.ts'
import { NOW, readClaims } from '../support/brokers/broker-under-test.ts'
import {
  DATASET,
  startTwoAccounts,
  TILE,
  type TwoAccounts,
} from '../support/brokers/two-accounts.ts'

const PASSWORD = 'correct horse'
const PUBLIC_DATASET = '5f0c1f3e-8a44-4a5e-9a7b-0d2f6b1c3e90'

/** Every kind of token that came from something, and what it came from. */
const KINDS = [
  'api',
  'access of api',
  'granted',
  'session',
  'refresh',
  'granted to session',
  'download of api',
  'download of session',
  'download of nobody',
  'pk',
  'sk',
  'tk of sk',
  'tk of tk',
] as const
type Kind = (typeof KINDS)[number]

/** The kinds that a guard on another server verifies. */
const ELSEWHERE: readonly Kind[] = ['api', 'access of api', 'granted', 'granted to session']

interface Running extends TwoAccounts {
  readonly tokens: Readonly<Record<Kind, string>>
  readonly ids: { readonly api: string; readonly sk: string; readonly pk: string; kid: string }
  /** Those of the kinds that this broker accepts. A refresh token is spent by that. */
  listHere(kinds: readonly Kind[]): Promise<Kind[]>
  /** The kinds that a guard on another server accepts, which reads the revocations. */
  listElsewhere(): Promise<Kind[]>
}

async function start(): Promise<Running> {
  const running = await startTwoAccounts()
  const { url, post, clock, demo, cli } = running
  const read = async (response: Promise<Response>) => (await response).json()
  const temporary = (token: string) =>
    read(
      post(`/tokens/v2/demo?access_token=${token}`, {
        expires: new Date(NOW + 3_000_000).toISOString(),
        scopes: ['styles:tiles', 'tokens:write'],
      }),
    )
  const download = async (id: string, headers: Record<string, string>) =>
    (await read(post(`/auth/download-token/${id}`, undefined, headers))).token
  const tk = (await temporary(demo.sk)).token
  const tokens: Record<Kind, string> = {
    api: demo.api,
    'access of api': demo.access,
    granted: demo.granted,
    session: demo.session,
    refresh: demo.refresh,
    'granted to session': (
      await read(post('/map-token', { grant: 'signed' }, bearer(demo.session)))
    ).access_token,
    'download of api': await download(DATASET, bearer(demo.api)),
    'download of session': await download(DATASET, bearer(demo.session)),
    'download of nobody': await download(PUBLIC_DATASET, {}),
    pk: demo.pk,
    sk: demo.sk,
    'tk of sk': tk,
    'tk of tk': (await temporary(tk)).token,
  }
  expect(Object.values(tokens).every((token) => typeof token === 'string')).toBe(true)
  const iss = String(readClaims(demo.api).iss)
  const guard = createVerifier({
    issuer: iss,
    audience: iss,
    jwks: `${url}/.well-known/jwks.json`,
    revocable: true,
    now: () => clock.now,
  })

  const tile = (token: string) => fetch(`${url}${TILE}`, { headers: bearer(token) })
  const getFile = (id: string) => (token: string) =>
    fetch(`${url}/datasets/${id}/download/cog?token=${token}`, { method: 'HEAD' })
  const uses: Record<Kind, (token: string) => Promise<Response>> = {
    api: tile,
    'access of api': tile,
    granted: tile,
    session: (token) => fetch(`${url}/account`, { headers: bearer(token) }),
    refresh: (token) => post('/token/refresh', { refresh_token: token }),
    'granted to session': tile,
    'download of api': getFile(DATASET),
    'download of session': getFile(DATASET),
    'download of nobody': getFile(PUBLIC_DATASET),
    pk: tile,
    sk: (token) => fetch(`${url}/tokens/v2/demo?access_token=${token}`),
    'tk of sk': tile,
    'tk of tk': tile,
  }
  const isRefused = (error: unknown) => {
    if (error instanceof GuardError && error.status === 401) return false
    throw error
  }
  // The guard knows keys and tokens before anything ends.
  for (const kind of ELSEWHERE) await guard.verify(tokens[kind])
  const [key] = JSON.parse((await cli('key', 'list', '--json')).out)
  return {
    ...running,
    tokens,
    ids: {
      api: String(readClaims(demo.api).sub),
      sk: String(readClaims(demo.sk).a),
      pk: String(readClaims(demo.pk).a),
      kid: key.kid,
    },
    listElsewhere: async () => {
      const alive: Kind[] = []
      for (const kind of ELSEWHERE)
        if (await guard.verify(tokens[kind]).then(() => true, isRefused)) alive.push(kind)
      return alive
    },
    listHere: async (kinds) => {
      const alive: Kind[] = []
      for (const kind of kinds) {
        const { status } = await uses[kind](tokens[kind])
        if (status < 300) alive.push(kind)
        else expect([kind, [400, 401, 403, 404].includes(status)]).toEqual([kind, true])
      }
      return alive
    },
  }
}

const OF_API: Kind[] = ['api', 'access of api', 'download of api']
const OF_SESSION: Kind[] = ['session', 'refresh', 'granted to session', 'download of session']
const TEMPORARY: Kind[] = ['tk of sk', 'tk of tk']
const MAPBOX: Kind[] = ['pk', 'sk', ...TEMPORARY]

type End = (running: Running) => Promise<unknown>

const command =
  (...args: (string | ((ids: Running['ids']) => string))[]): End =>
  async ({ cli, ids }) => {
    const line = args.map((arg) => (typeof arg === 'string' ? arg : arg(ids)))
    expect(await cli(...line)).toMatchObject({ code: 0, error: '' })
  }
const asAdmin =
  (path: (ids: Running['ids']) => string, method = 'POST'): End =>
  async ({ url, rival, ids }) => {
    const response = await fetch(`${url}${path(ids)}`, { method, headers: bearer(rival.api) })
    expect(response.status).toBe(204)
  }
const form =
  (path: string, fields: (running: Running) => Record<string, string>): End =>
  async (running) => {
    const body = new URLSearchParams({
      client_id: running.ids.api,
      client_secret: running.tokens.api,
      ...fields(running),
    })
    expect((await fetch(`${running.url}${path}`, { method: 'POST', body })).status).toBe(200)
  }

/** Every way to end tokens, and the kinds that end. All others stay. */
const ENDINGS: readonly (readonly [string, End, readonly Kind[]])[] = [
  ['account disable', command('account', 'disable', 'demo'), KINDS],
  ['POST …/disable', asAdmin(() => '/v1/admin/accounts/demo/disable'), KINDS],
  [
    'account expire',
    command('account', 'expire', 'demo'),
    ['access of api', 'download of api', 'granted', ...OF_SESSION, ...TEMPORARY],
  ],
  [
    'POST …/expire',
    asAdmin(() => '/v1/admin/accounts/demo/expire'),
    ['access of api', 'download of api', 'granted', ...OF_SESSION, ...TEMPORARY],
  ],
  ['token revoke of an API token', command('token', 'revoke', ({ api }) => api), OF_API],
  ['DELETE …/tokens/{id}', asAdmin(({ api }) => `/v1/admin/tokens/${api}`, 'DELETE'), OF_API],
  [
    'token expire of an API token',
    command('token', 'expire', ({ api }) => api),
    ['access of api', 'download of api'],
  ],
  ['token revoke of an sk', command('token', 'revoke', ({ sk }) => sk), ['sk', ...TEMPORARY]],
  ['token expire of an sk', command('token', 'expire', ({ sk }) => sk), TEMPORARY],
  ['token revoke of a pk', command('token', 'revoke', ({ pk }) => pk), ['pk']],
  [
    'DELETE /tokens/v2/{user}/{id} of an sk',
    async ({ url, ids, tokens }) => {
      const path = `${url}/tokens/v2/demo/${ids.sk}?access_token=${tokens.sk}`
      expect((await fetch(path, { method: 'DELETE' })).status).toBe(204)
    },
    ['sk', ...TEMPORARY],
  ],
  [
    'a logout with the session',
    async ({ post, tokens }) =>
      expect((await post('/logout', undefined, bearer(tokens.session))).status).toBe(204),
    OF_SESSION,
  ],
  [
    'a logout with the refresh token',
    async ({ post, tokens }) =>
      expect((await post('/logout', { refresh_token: tokens.refresh })).status).toBe(204),
    OF_SESSION,
  ],
  [
    'a new sign-in of the browser that keeps its refresh token in a cookie',
    async ({ post, tokens }) => {
      const cookie = `__Host-tilepass-refresh=${tokens.refresh}`
      const headers = { cookie, 'x-tilepass-refresh': 'cookie' }
      const { status } = await post('/token', { username: 'demo', password: PASSWORD }, headers)
      expect(status).toBe(200)
    },
    OF_SESSION,
  ],
  [
    'a change of password by the user',
    async ({ post, tokens }) => {
      const body = { password: PASSWORD, new_password: 'another horse' }
      const { status } = await post('/account/password', body, bearer(tokens.session))
      expect(status).toBe(204)
    },
    OF_SESSION,
  ],
  [
    'the reuse of a spent refresh token',
    async ({ post, tokens, clock }) => {
      const refresh = () => post('/token/refresh', { refresh_token: tokens.refresh })
      expect((await refresh()).status).toBe(200)
      clock.now += 60_000
      expect((await refresh()).status).toBe(401)
      clock.now -= 60_000
    },
    OF_SESSION,
  ],
  [
    'POST /oauth/revoke of an access token',
    form('/oauth/revoke', ({ tokens }) => ({ token: tokens['access of api'] })),
    ['access of api'],
  ],
  [
    'POST /oauth/revoke of an API token',
    form('/oauth/revoke', ({ tokens }) => ({ token: tokens.api })),
    OF_API,
  ],
  [
    'key revoke of the signing key',
    command('key', 'revoke', ({ kid }) => kid),
    [
      'granted',
      ...OF_API,
      'session',
      'granted to session',
      'download of session',
      'download of nobody',
    ],
  ],
  ['key revoke mapbox', command('key', 'revoke', 'mapbox'), MAPBOX],
  ['key revoke refresh', command('key', 'revoke', 'refresh'), ['refresh']],
]

const LASTING = KINDS.filter((kind) => kind !== 'refresh')

describe('T17: every kind of token × every way to end tokens', () => {
  test('nothing ends by itself', async () => {
    const { listHere, listElsewhere } = await start()
    expect([await listHere(KINDS), await listElsewhere()]).toEqual([KINDS, ELSEWHERE])
  })

  test.each(ENDINGS)('%s ends exactly what came from it', async (_, end, ended) => {
    const remain = (kinds: readonly Kind[]) => kinds.filter((kind) => !ended.includes(kind))
    const { clock, listHere, listElsewhere, ...running } = await start()
    clock.now += 1_500
    await end({ ...running, clock, listHere, listElsewhere })
    const endedAt = performance.now()
    clock.now += 5_500
    await expect.poll(() => listHere(LASTING), { timeout: 5_000 }).toEqual(remain(LASTING))
    await expect.poll(listElsewhere, { timeout: 5_000 }).toEqual(remain(ELSEWHERE))
    // A refresh token can be tried only once, so it gets the second that other processes have.
    await expect.poll(() => performance.now() - endedAt).toBeGreaterThan(1_000)
    expect(await listHere(['refresh'])).toEqual(remain(['refresh']))
  })
})
