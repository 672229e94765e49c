import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HIGH, PASSWORD, readRefusal, startLoginBroker } from '../support/brokers/login-broker.ts'
import { postRaw } from '../support/servers/raw-request.ts'

const readHeader = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

describe('POST /token', () => {
  test('a user name and its password get the documented answer', async () => {
    const { signIn } = await startLoginBroker()
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
    ['a missing body', undefined],
    ['an empty object', {}],
    ['a missing password', { username: 'city' }],
    ['a missing name', { password: PASSWORD }],
    ['a number as the password', { username: 'city', password: 1 }],
    ['null as the name', { username: null, password: PASSWORD }],
    ['an empty password', { username: 'city', password: '' }],
    ['a NUL character in the password', { username: 'city', password: `${PASSWORD}\0` }],
    ['half of a surrogate pair', '{"username":"city","password":"\\ud800"}'],
    ['a password of 1025 bytes', { username: 'city', password: 'x'.repeat(1025) }],
    [
      'a password together with a refresh token',
      { username: 'city', password: PASSWORD, refresh_token: 'x' },
    ],
    ['a refresh token that is not a string', { refresh_token: 1 }],
    ['members of __proto__', '{"__proto__":{"username":"city","password":"correct horse"}}'],
    ['an array', '[]'],
    ['malformed JSON', '{'],
  ])('%s is 400', async (_, body) => {
    const { post } = await startLoginBroker()
    expect(await readRefusal(await post('/token', body))).toEqual([400, 'invalid_request'])
  })

  test('X5: another content type is 415, another method is 405', async () => {
    const { post, url } = await startLoginBroker()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const path of ['/token', '/token/refresh', '/logout', '/account/password'])
      expect((await fetch(`${url}${path}`)).status).toBe(405)
    expect(await readRefusal(await post('/token', 'username=city&password=x', form))).toEqual([
      415,
      'unsupported_media_type',
    ])
  })

  test('L1: an unknown user and a wrong password get the same answer', async () => {
    const { signIn, cli } = await startLoginBroker()
    await cli('account', 'create', 'silent')
    const answers = await Promise.all(
      ['city', 'nobody', 'silent', 'x'.repeat(5000), "' or 1=1 --"].map(async (username) => {
        const response = await signIn('wrong', username)
        const { date, etag, 'x-request-id': id, ...headers } = Object.fromEntries(response.headers)
        // A new id says nothing about the request.
        expect([date, etag, id]).toEqual([
          expect.any(String),
          expect.any(String),
          expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
        ])
        return [response.status, headers, await response.text()]
      }),
    )
    expect(answers[0]?.[0]).toBe(401)
    expect(answers[0]?.[2]).toBe(
      '{"error":"invalid_credentials","message":"Invalid username or password"}',
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('L1: an unknown user and a wrong password take the same time', async () => {
    const { signIn } = await startLoginBroker({ login: HIGH })
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
    // Without a hash to compare, an unknown user would take a tenth of the time.
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })

  test('L2: passwords and user names are compared exactly', async () => {
    const { signIn } = await startLoginBroker({ login: HIGH })
    const near = ['Correct horse', `${PASSWORD} `, ` ${PASSWORD}`, 'correct  horse', 'correct hors']
    for (const password of near) expect((await signIn(password)).status).toBe(401)
    for (const username of ['City', 'city ', 'city\0', 'maps@City.example'])
      expect((await signIn(PASSWORD, username)).status).toBe(401)
  })

  test('L4: the 11th attempt on an account within a minute is 429, however the name is spelled', async () => {
    const { signIn, post } = await startLoginBroker()
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

  test('L4: a name with text after NUL is another name and does not evade the limit', async () => {
    const { signIn } = await startLoginBroker({ login: { perMinute: 3 } })
    for (const name of ['city', 'city', 'city'])
      expect((await signIn('wrong', name)).status).toBe(401)
    expect((await signIn()).status).toBe(429)
    expect((await signIn(PASSWORD, 'city\0a')).status).toBe(401)
  })

  test('L4: an address has a limit of its own, over all accounts', async () => {
    const { signIn } = await startLoginBroker({ login: { addressPerMinute: 3 } })
    for (const name of ['a', 'b', 'c']) expect((await signIn('wrong', name)).status).toBe(401)
    expect((await signIn('wrong', 'd')).status).toBe(429)
  })

  test('L6: of 500 concurrent sign-ins some succeed and the others get 503 with Retry-After', async () => {
    // A proxy may have any number of connections.
    const { signIn, url } = await startLoginBroker({ login: HIGH, trustProxy: ['loopback'] })
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

test('no body causes a server error or an answer of another shape', async () => {
  const { url } = await startLoginBroker({ login: HIGH })
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

test('bytes that are not UTF-8 are 400', async () => {
  const { url } = await startLoginBroker()
  const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])
  const { status } = await postRaw(`${url}/token`, ['content-type', 'application/json'], body)
  expect(status).toBe(400)
})
