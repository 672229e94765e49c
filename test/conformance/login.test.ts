import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BrokerUnderTest,
  readClaims,
  runCommand,
  startBroker,
} from '../../server/test/support/broker-under-test.ts'

const PASSWORD = 'correct horse'
const BEARER_MESSAGE =
  'You must specify a Bearer token in the Authorization header to access this resource'
const HIGH = { perMinute: 100_000, addressPerMinute: 100_000 }

interface Tokens {
  readonly token: string
  readonly refresh_token: string
}

/** A broker with the account `city` and its password. */
async function start(options: Parameters<typeof startBroker>[0] = {}) {
  const running = await startBroker(options)
  const { post, url } = running
  const args = ['account', 'create', 'city', '--email', 'maps@city.example', '--password-stdin']
  await runCommand(running.data, args, { input: PASSWORD })
  const signIn = (password = PASSWORD, username = 'city') => post('/token', { username, password })
  const getTokens = async (): Promise<Tokens> => (await signIn()).json()
  const refresh = (refreshToken: string, headers: Record<string, string> = {}) =>
    post('/token', { refresh_token: refreshToken }, headers)
  const readAccount = (token: string) =>
    fetch(`${url}/account`, { headers: { authorization: `Bearer ${token}` } })
  return { ...running, signIn, getTokens, refresh, readAccount }
}

async function readRefusal(response: Response) {
  const body = await response.json()
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({ error: expect.any(String), message: expect.any(String) })
  return [response.status, body.error]
}

const readHeader = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

describe('POST /token', () => {
  test('answers a user name and password as the document shows', async () => {
    const { signIn } = await start()
    for (const username of ['city', 'maps@city.example']) {
      const response = await signIn(PASSWORD, username)
      const body = await response.json()
      expect([response.status, body]).toEqual([
        200,
        {
          token: expect.any(String),
          refresh_token: expect.any(String),
          token_type: 'Bearer',
          expires_in: 3600,
        },
      ])
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('set-cookie')).toBeNull()
      expect(readHeader(body.token)).toEqual({ alg: 'RS256', kid: expect.any(String), typ: 'JWT' })
      expect(body.token).toMatch(/^eyJhbGciOiJSUzI1NiIsImtpZCI6/)
      expect(body.refresh_token).toMatch(/^eyJhbGciOiJIUzI1NiIsInR5cCI6/)
      expect(readHeader(body.refresh_token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    }
  })

  test.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['no password', { username: 'city' }],
    ['no name', { password: PASSWORD }],
    ['a number', { username: 'city', password: 1 }],
    ['null', { username: null, password: PASSWORD }],
    ['an empty password', { username: 'city', password: '' }],
    ['NUL in the password', { username: 'city', password: `${PASSWORD}\0` }],
    ['half a character', '{"username":"city","password":"\\ud800"}'],
    ['a password of 1025 bytes', { username: 'city', password: 'x'.repeat(1025) }],
    ['both ways at once', { username: 'city', password: PASSWORD, refresh_token: 'x' }],
    ['a refresh token that is no string', { refresh_token: 1 }],
    ['an inherited name', '{"__proto__":{"username":"city","password":"correct horse"}}'],
    ['no object', '[]'],
    ['no JSON', '{'],
  ])('%s is 400', async (_, body) => {
    const { post } = await start()
    expect(await readRefusal(await post('/token', body))).toEqual([400, 'invalid_request'])
  })

  test('X5: another content type is 415, another method 405', async () => {
    const { post, url } = await start()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const path of ['/token', '/token/refresh', '/logout', '/account/password'])
      expect((await fetch(`${url}${path}`)).status).toBe(405)
    expect(await readRefusal(await post('/token', 'username=city&password=x', form))).toEqual([
      415,
      'unsupported_media_type',
    ])
  })

  test('L1: an unknown user and a wrong password are the same answer', async () => {
    const { signIn, cli } = await start()
    await cli('account', 'create', 'silent')
    const answers = await Promise.all(
      ['city', 'nobody', 'silent', 'x'.repeat(5000), "' or 1=1 --"].map(async (username) => {
        const response = await signIn('wrong', username)
        const { date: _, etag: __, ...headers } = Object.fromEntries(response.headers)
        return [response.status, headers, await response.text()]
      }),
    )
    expect(answers[0]?.[0]).toBe(401)
    expect(answers[0]?.[2]).toBe(
      '{"error":"invalid_credentials","message":"Invalid username or password"}',
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('L1: and takes the same time', async () => {
    const { signIn } = await start({ login: HIGH })
    await signIn('wrong', 'nobody')
    const times: Record<'city' | 'nobody', number[]> = { city: [], nobody: [] }
    for (let round = 0; round < 15; round++)
      for (const username of ['city', 'nobody'] as const) {
        const started = performance.now()
        await (await signIn('wrong', username)).text()
        times[username].push(performance.now() - started)
      }
    const median = (list: number[]) => list.sort((a, b) => a - b)[7] ?? 0
    const ratio = median(times.nobody) / median(times.city)
    // Without a hash to compare with, an unknown user would take a tenth of the time.
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })

  test('L2: passwords are compared exactly, user names too', async () => {
    const { signIn } = await start({ login: HIGH })
    const near = ['Correct horse', `${PASSWORD} `, ` ${PASSWORD}`, 'correct  horse', 'correct hors']
    for (const password of near) expect((await signIn(password)).status).toBe(401)
    for (const username of ['City', 'city ', 'city\0', 'maps@City.example'])
      expect((await signIn(PASSWORD, username)).status).toBe(401)
  })

  test('L4: the 11th attempt of a minute on an account is 429, however the name is spelled', async () => {
    const { signIn, post } = await start()
    const names = ['city', 'CITY', ' city', 'city\t', 'Ｃity']
    for (let count = 0; count < 10; count++)
      expect((await signIn('wrong', names[count % names.length])).status).toBe(401)
    const limited = await signIn()
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await readRefusal(limited)).toEqual([429, 'rate_limited'])
    const body = { username: 'city', password: PASSWORD }
    const forged = { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7' }
    expect((await post('/token', body, forged)).status).toBe(429)
    expect((await signIn('wrong', 'other')).status).toBe(401)
  })

  test('L4: a name with something behind NUL is another name, and no way round the limit', async () => {
    const { signIn } = await start({ login: { perMinute: 3 } })
    for (const name of ['city', 'city', 'city'])
      expect((await signIn('wrong', name)).status).toBe(401)
    expect((await signIn()).status).toBe(429)
    expect((await signIn(PASSWORD, 'city\0a')).status).toBe(401)
  })

  test('L4: an address has its own limit, for whatever accounts', async () => {
    const { signIn } = await start({ login: { addressPerMinute: 3 } })
    for (const name of ['a', 'b', 'c']) expect((await signIn('wrong', name)).status).toBe(401)
    expect((await signIn('wrong', 'd')).status).toBe(429)
  })

  test('L6: of 500 sign-ins at once some are answered and the others told to come again', async () => {
    const { signIn, url } = await start({ login: HIGH })
    const many = Promise.all(Array.from({ length: 500 }, () => signIn()))
    const started = performance.now()
    const health = await fetch(`${url}/healthz`)
    expect(health.status).toBe(200)
    expect(performance.now() - started).toBeLessThan(5_000)
    const answers = await many
    const busy = answers.filter(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(10)
    expect(busy.length).toBeGreaterThan(0)
    expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true)
    expect(busy[0]?.headers.get('retry-after')).toBe('1')
  }, 90_000)
})

describe('refresh', () => {
  test('answers in the same form, at both paths, with a new refresh token', async () => {
    const { getTokens, refresh, post } = await start()
    const first = await getTokens()
    const second = await (await refresh(first.refresh_token)).json()
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })
    expect(second.refresh_token).not.toBe(first.refresh_token)
    const third = await post('/token/refresh', { refresh_token: second.refresh_token })
    expect(third.status).toBe(200)
    expect((await post('/token/refresh', {})).status).toBe(400)
  })

  test('L3: of 200 at once one wins, and its family goes on', async () => {
    const { getTokens, refresh, clock, readAccount } = await start()
    const { refresh_token: spent } = await getTokens()
    const answers = await Promise.all(Array.from({ length: 200 }, () => refresh(spent)))
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(199)
    const winner: Tokens = await winners[0]?.json()
    expect((await readAccount(winner.token)).status).toBe(200)
    const next: Tokens = await (await refresh(winner.refresh_token)).json()
    expect((await readAccount(next.token)).status).toBe(200)

    clock.now += 11_000
    expect((await refresh(winner.refresh_token)).status).toBe(401)
    expect((await refresh(next.refresh_token)).status).toBe(401)
    expect((await readAccount(next.token)).status).toBe(401)
  }, 30_000)

  test('L3: of 100 at two brokers on one folder one wins', async () => {
    const { getTokens, data, post, url } = await start({ issuer: 'https://maps.example' })
    const other = await startBroker({ data, issuer: 'https://maps.example' })
    expect(other.url).not.toBe(url)
    const body = { refresh_token: (await getTokens()).refresh_token }
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 ? other.post : post)('/token', body)),
    )
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    const next: Tokens = await winners[0]?.json()
    expect((await other.post('/token', { refresh_token: next.refresh_token })).status).toBe(200)
  }, 30_000)

  test('L3: within the grace a replay is refused and no more, after it the family ends', async () => {
    const { getTokens, refresh, clock } = await start()
    const { refresh_token: spent } = await getTokens()
    const next: Tokens = await (await refresh(spent)).json()
    clock.now += 10_000
    expect(await readRefusal(await refresh(spent))).toEqual([401, 'invalid_refresh_token'])
    const last: Tokens = await (await refresh(next.refresh_token)).json()
    expect(last.refresh_token).toBeTypeOf('string')
    // Two steps back is no retry of anything, however early.
    expect((await refresh(spent)).status).toBe(401)
    expect((await refresh(last.refresh_token)).status).toBe(401)
  })

  test('a client that lost the answer gets it again by its Idempotency-Key, nobody else does', async () => {
    const { getTokens, refresh, clock } = await start()
    const { refresh_token: spent } = await getTokens()
    const key = { 'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324' }
    const lost: Tokens = await (await refresh(spent, key)).json()
    clock.now += 5_000
    const again: Tokens = await (await refresh(spent, key)).json()
    expect(again.refresh_token).toBe(lost.refresh_token)
    expect((await refresh(spent, { 'idempotency-key': 'other' })).status).toBe(401)
    expect((await refresh(again.refresh_token)).status).toBe(200)
    expect((await refresh(spent, key)).status).toBe(401)
  })

  test('L3: refreshing does not move the end of the family', async () => {
    const { getTokens, refresh, clock } = await start({ login: { refreshSeconds: 7200 } })
    let { refresh_token: current } = await getTokens()
    clock.now += 5_400_000
    const late = await (await refresh(current)).json()
    expect(late.expires_in).toBe(1800)
    current = late.refresh_token
    clock.now += 1_800_000
    expect((await refresh(current)).status).toBe(401)
  })

  test('takes refresh tokens of this issuer and nothing else', async () => {
    const { getTokens, refresh, createToken, url, clock } = await start()
    const good = await getTokens()
    const [head = '', body = '', signature = ''] = good.refresh_token.split('.')
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const sign = (text: string, secret: string) =>
      `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
    const claims = readClaims(good.refresh_token)
    const bad = [
      'x',
      good.token,
      await createToken(),
      `${good.refresh_token}=`,
      `${head}.${body}.`,
      `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
      `${encode({ alg: 'HS256', typ: 'JWT', kid: 'x' })}.${body}.${signature}`,
      `${head}.${encode({ ...claims, generation: 1 })}.${signature}`,
      sign(`${head}.${body}`, ''),
      sign(`${head}.${body}`, JSON.stringify(keys[0])),
      sign(`${head}.${body}`, keys[0].n),
    ]
    for (const token of bad)
      expect(await readRefusal(await refresh(token)), token).toEqual([401, 'invalid_refresh_token'])
    clock.now += 1_000
    expect((await refresh(good.refresh_token)).status).toBe(200)
  })

  test('a disabled account refreshes nothing, and its sessions end', async () => {
    const { getTokens, refresh, readAccount, cli, signIn } = await start()
    const tokens = await getTokens()
    await cli('account', 'disable', 'city')
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    expect((await readAccount(tokens.token)).status).toBe(401)
    expect(await readRefusal(await signIn())).toEqual([401, 'invalid_credentials'])
  })
})

describe('what a session opens', () => {
  test('protected endpoints say what is missing, and never whose fault it is', async () => {
    const { url, createToken, getTokens, clock } = await start()
    const { token, refresh_token: refreshToken } = await getTokens()
    const ok = await fetch(`${url}/account`, { headers: { authorization: `bearer ${token}` } })
    expect(await ok.json()).toEqual({
      username: 'city',
      org_id: readClaims(token).org_id,
      email: 'maps@city.example',
    })
    const check = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/account`, { headers })
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect([response.status, (await response.json()).message]).toEqual([401, BEARER_MESSAGE])
    }
    await check({})
    await check({ authorization: 'Basic dTpw' })
    for (const other of ['x', refreshToken, await createToken()])
      await check({ authorization: `Bearer ${other}` })
    clock.now += 3_601_000
    await check({ authorization: `Bearer ${token}` })
  })

  test('T8: a session and a refresh token open neither tiles nor the exchange', async () => {
    const { getTokens, post, broker } = await start()
    const tokens = await getTokens()
    for (const token of [tokens.token, tokens.refresh_token]) {
      await expect(broker.verifier.verify(token)).rejects.toThrow()
      expect((await post('/v1/auth/token', {}, { authorization: `Bearer ${token}` })).status).toBe(
        401,
      )
    }
  })

  test('L5: logout ends the family, by refresh token and by session', async () => {
    const { getTokens, refresh, readAccount, post } = await start()
    const ways = [
      ({ refresh_token }: Tokens) => post('/logout', { refresh_token }),
      ({ token }: Tokens) => post('/logout', undefined, { authorization: `Bearer ${token}` }),
    ]
    const untouched = await getTokens()
    for (const logOut of ways) {
      const tokens = await getTokens()
      expect((await logOut(tokens)).status).toBe(204)
      expect((await refresh(tokens.refresh_token)).status).toBe(401)
      expect((await readAccount(tokens.token)).status).toBe(401)
    }
    expect((await readAccount(untouched.token)).status).toBe(200)
    expect((await post('/logout', { refresh_token: 'x' })).status).toBe(204)
    expect((await (await post('/logout')).json()).message).toBe(BEARER_MESSAGE)
  })

  test('L5: a change of password ends every family', async () => {
    const { getTokens, refresh, readAccount, post, signIn, cli } = await start()
    const [here, there] = [await getTokens(), await getTokens()]
    const change = (password: unknown, next: unknown) =>
      post(
        '/account/password',
        { password, new_password: next },
        { authorization: `Bearer ${here.token}` },
      )
    expect((await change('wrong', 'battery staple')).status).toBe(401)
    expect((await change(PASSWORD, 'x\0')).status).toBe(400)
    expect((await readAccount(here.token)).status).toBe(200)
    expect((await change(PASSWORD, 'battery staple')).status).toBe(204)
    for (const { token, refresh_token: refreshToken } of [here, there]) {
      expect((await readAccount(token)).status).toBe(401)
      expect((await refresh(refreshToken)).status).toBe(401)
    }
    expect((await signIn()).status).toBe(401)
    expect((await signIn('battery staple')).status).toBe(200)
    expect((await cli('audit')).out).toMatch(/usr_city +account\.set-password +city/)
  })

  test('L5: so does "account set-password", while the server runs', async () => {
    const { getTokens, refresh, readAccount, data, signIn } = await start()
    const { token, refresh_token: refreshToken } = await getTokens()
    const args = ['account', 'set-password', 'city', '--password-stdin']
    expect((await runCommand(data, args, { input: 'battery staple\n' })).code).toBe(0)
    expect((await readAccount(token)).status).toBe(401)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await signIn('battery staple')).status).toBe(200)
    const unknown = ['account', 'set-password', 'nobody', '--password-stdin']
    expect((await runCommand(data, unknown, { input: 'x' })).code).toBe(1)
  })

  test('L5: a sign-in that a change of password overtakes is refused', async () => {
    const { signIn, data, readAccount } = await start({ login: HIGH })
    const pending = Array.from({ length: 10 }, () => signIn())
    const args = ['account', 'set-password', 'city', '--password-stdin']
    await runCommand(data, args, { input: 'battery staple' })
    for (const response of await Promise.all(pending))
      if (response.status === 200)
        expect((await readAccount((await response.json()).token)).status).toBe(401)
  })
})

describe('X11: the cookie', () => {
  const MODE = { 'x-tilepass-refresh': 'cookie' }
  const startWithCookie = async () => {
    const running = await start()
    const body = { username: 'city', password: PASSWORD }
    const response = await running.post('/token', body, MODE)
    const [cookie = ''] = response.headers.getSetCookie()
    return { ...running, cookie, pair: cookie.split(';')[0] ?? '', answer: await response.json() }
  }

  test('is __Host-, Secure, HttpOnly and SameSite=Strict, and the body has no refresh token', async () => {
    const { cookie, answer } = await startWithCookie()
    expect(cookie).toMatch(/^__Host-tilepass-refresh=[\w.-]+; /)
    const attributes = cookie.split('; ').slice(1)
    expect(attributes).toEqual(
      expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']),
    )
    expect(cookie).not.toMatch(/domain/i)
    expect(Object.keys(answer)).toEqual(['token', 'token_type', 'expires_in'])
  })

  test('counts for nothing without the custom header', async () => {
    const { post, pair: cookie } = await startWithCookie()
    expect((await post('/token/refresh', undefined, { cookie })).status).toBe(400)
    expect((await post('/token', undefined, { cookie })).status).toBe(400)
    expect((await post('/logout', undefined, { cookie })).status).toBe(401)
    expect((await post('/token/refresh', undefined, { cookie, ...MODE })).status).toBe(200)
  })

  test('rotates, and goes at logout', async () => {
    const { post, pair, readAccount } = await startWithCookie()
    const response = await post('/token', undefined, { cookie: pair, ...MODE })
    const next = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const { token } = await response.json()
    expect(next).not.toBe(pair)
    const left = await post('/logout', undefined, { cookie: next, ...MODE })
    expect(left.status).toBe(204)
    expect(left.headers.getSetCookie()[0]).toMatch(
      /^__Host-tilepass-refresh=;.*Expires=Thu, 01 Jan/,
    )
    expect((await readAccount(token)).status).toBe(401)
    expect((await post('/token/refresh', undefined, MODE)).status).toBe(401)
  })

  test('X10: no page of another origin may send it', async () => {
    const { url } = await startWithCookie()
    const preflight = await fetch(`${url}/token`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('grants that ask for a session', () => {
  const city = { account: 'city', scope: 'tiles:read' }
  const startWithGrant = async (grant: object, more: object = {}) => {
    const first = await startBroker()
    const args = ['account', 'create', 'city', '--password-stdin']
    await runCommand(first.data, args, { input: PASSWORD })
    await first.cli('account', 'create', 'other')
    await first.broker.close()
    const running = await startBroker({
      data: first.data,
      grants: { page: grant as never },
      ...more,
    })
    const session = async (): Promise<string> =>
      (await (await running.post('/token', { username: 'city', password: PASSWORD })).json()).token
    const ask = (headers: Record<string, string> = {}) =>
      running.post('/map-token', { grant: 'page' }, headers)
    return { ...running, session, ask }
  }

  test('"required" wants a current session of the account', async () => {
    const { ask, session, post, createToken } = await startWithGrant({
      ...city,
      session: 'required',
    })
    const refused = await ask()
    expect(await refused.json()).toEqual({
      error: 'session_required',
      error_description: BEARER_MESSAGE,
    })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await ask({ authorization: `Bearer ${await createToken()}` })).status).toBe(401)
    const authorization = `Bearer ${await session()}`
    expect((await ask({ authorization })).status).toBe(200)
    await post('/logout', undefined, { authorization })
    expect((await ask({ authorization })).status).toBe(401)
  })

  test('a session of another organisation is 403, a foreign origin before it', async () => {
    const grant = { account: 'other', scope: 'tiles:read', session: 'required' }
    const { ask, session } = await startWithGrant(grant)
    const authorization = `Bearer ${await session()}`
    expect((await (await ask({ authorization })).json()).error).toBe('session_not_allowed')
    const foreign = await ask({ authorization, origin: 'https://evil.example' })
    expect([foreign.status, (await foreign.json()).error]).toEqual([403, 'origin_not_allowed'])
  })

  test('a function decides on the request', async () => {
    const { ask } = await startWithGrant({
      ...city,
      session: async (request: { headers: Record<string, unknown> }) =>
        request.headers['x-user'] === 'ada',
    })
    expect((await ask()).status).toBe(401)
    expect((await ask({ 'x-user': 'ada' })).status).toBe(200)
  })

  test('mapTokenPerMinute limits a session wherever it asks from, and an address', async () => {
    const { ask, session } = await startWithGrant(
      { ...city, session: 'required' },
      { mapTokenPerMinute: 3, trustProxy: ['127.0.0.1'] },
    )
    const authorization = `Bearer ${await session()}`
    const statuses: number[] = []
    for (const last of [1, 2, 3, 4])
      statuses.push((await ask({ authorization, 'x-forwarded-for': `192.0.2.${last}` })).status)
    expect(statuses).toEqual([200, 200, 200, 429])
  })
})

describe('L4: whose address it is', () => {
  const ask = ({ post }: BrokerUnderTest, forwarded: string) =>
    post('/map-token', undefined, { 'x-forwarded-for': forwarded })
  const askAll = async (running: BrokerUnderTest, addresses: string[]) => {
    const statuses: number[] = []
    for (const address of addresses) statuses.push((await ask(running, address)).status)
    return statuses
  }

  test('without trustProxy nobody can choose it', async () => {
    const running = await startBroker({ mapTokenPerMinute: 2 })
    expect(await askAll(running, ['192.0.2.1', '192.0.2.2', '192.0.2.3'])).toEqual([200, 200, 429])
  })

  test('behind a trusted proxy clients are told apart, by IPv4 or by IPv6 network', async () => {
    const running = await startBroker({ mapTokenPerMinute: 1, trustProxy: ['127.0.0.0/8'] })
    const addresses = ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.2']
    expect(await askAll(running, addresses)).toEqual([200, 429, 429, 200])
    const networks = ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:1::1']
    expect(await askAll(running, networks)).toEqual([200, 429, 200])
    // Only the proxy's own word counts: what stood there before came from the client.
    expect(await askAll(running, ['198.51.100.9, 192.0.2.1'])).toEqual([429])
  })

  test.each(['proxy.example', '10.0.0.0/33', '*', ''])(
    'trustProxy: "%s" stops the start',
    async (proxy) => {
      await expect(startBroker({ trustProxy: [proxy] })).rejects.toThrow('trustProxy.0: must be')
    },
  )
})

test('no body makes it fail, or answer in another shape', async () => {
  const { url } = await start({ login: HIGH })
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const body = fc.oneof(
    fc.dictionary(fc.constantFrom('username', 'password', 'refresh_token', 'x'), value),
    fc.jsonValue(),
  )
  const paths = fc.constantFrom('/token', '/token/refresh', '/logout', '/account/password')
  await fc.assert(
    fc.asyncProperty(paths, body, async (path, content) => {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(content),
      })
      expect(response.status).toBeLessThan(500)
      if (response.status !== 204) expect(await response.json()).toHaveProperty('message')
    }),
    { numRuns: 150 },
  )
})

test('bytes that are no UTF-8 are 400', async () => {
  const { url } = await start()
  const status = await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    httpRequest(`${url}/token`, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))
  })
  expect(status).toBe(400)
})
