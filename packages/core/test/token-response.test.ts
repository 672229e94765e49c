import fc from 'fast-check'
import { expect, test } from 'vitest'
import { now } from '../src/clock.ts'
import { exchange } from '../src/exchange.ts'
import { TokenError } from '../src/index.ts'
import { findRetryAfter, parseTokenResponse } from '../src/token-response.ts'

const good = { access_token: 'abc', token_type: 'Bearer', expires_in: 60 }
const parse = (body: unknown, init?: ResponseInit) =>
  parseTokenResponse(Response.json(body, init), 1000)
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => (error instanceof TokenError ? error.code : error),
  )

test('expiry counts from the departure of the request', async () => {
  expect(await parse(good)).toEqual({ value: 'abc', expiresAt: 61_000 })
  expect(await parse({ ...good, scope: 'tiles:read', more: 1 })).toEqual({
    value: 'abc',
    expiresAt: 61_000,
    scope: 'tiles:read',
  })
})

test.each([
  ['no token_type', { access_token: 'abc', expires_in: 60 }],
  ['the type in lower case', { ...good, token_type: 'bearer' }],
  ['the lifetime as a string', { ...good, expires_in: '60' }],
  ['a fraction of a second', { ...good, expires_in: 0.5 }],
])('accepts %s', async (_, body) => {
  expect((await parse(body)).value).toBe('abc')
})

test.each([
  ['null', null],
  ['a list', []],
  ['no access_token', { expires_in: 60 }],
  ['an empty access_token', { ...good, access_token: '' }],
  ['a line break in the token', { ...good, access_token: 'a\r\nX: 1' }],
  ['another token type', { ...good, token_type: 'mac' }],
  ['a list of token types', { ...good, token_type: ['Bearer'] }],
  ['a lifetime that is true', { ...good, expires_in: true }],
  ['no lifetime', { access_token: 'abc' }],
  ['a lifetime of 0', { ...good, expires_in: 0 }],
  ['a negative lifetime', { ...good, expires_in: -1 }],
  ['a lifetime in words', { ...good, expires_in: 'soon' }],
  ['a lifetime that is epoch milliseconds', { ...good, expires_in: 1_800_000_000_000 }],
])('reports %s as a fault of the endpoint', async (_, body) => {
  expect(await codeOf(parse(body))).toBe('ERR_TOKEN_RESPONSE_INVALID')
})

test.each([
  [400, 'ERR_TOKEN_RESPONSE_INVALID'],
  [401, 'ERR_TOKEN_DENIED'],
  [403, 'ERR_TOKEN_DENIED'],
  [404, 'ERR_TOKEN_RESPONSE_INVALID'],
  [408, 'ERR_TOKEN_UNAVAILABLE'],
  [429, 'ERR_TOKEN_UNAVAILABLE'],
  [500, 'ERR_TOKEN_UNAVAILABLE'],
  [503, 'ERR_TOKEN_UNAVAILABLE'],
  [302, 'ERR_TOKEN_RESPONSE_INVALID'],
])('a status of %i is %s', async (status, code) => {
  const error = await parseTokenResponse(new Response('{}', { status }), 0).catch((error) => error)
  expect(error).toMatchObject({ name: 'TokenError', code, status })
  expect(error.message).toMatch(/^The token endpoint .*\.$/)
})

test('P4: neither HTML nor broken JSON that holds a token gets into the message', async () => {
  for (const text of ['<html>canary</html>', '{"access_token":"canary",}']) {
    const ask = async () => new Response(text)
    const outcome = await exchange(ask, 'first', new AbortController(), now())
    const error = outcome as TokenError
    expect(error.code).toBe('ERR_TOKEN_RESPONSE_INVALID')
    expect(`${error} ${error.stack} ${error.cause}`).not.toContain('canary')
  }
})

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 59_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('Retry-After %j is %j ms', (header, expected) => {
  expect(findRetryAfter(header, 1000)).toBe(expected)
})

test('any answer of an endpoint becomes a token or a TokenError', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue(),
      fc.constantFrom(200, 201, 400, 401, 429, 500),
      async (body, status) => {
        const result = await parse(body, { status }).catch((error) => error)
        expect(result instanceof TokenError || typeof result.value === 'string').toBe(true)
      },
    ),
  )
})

test('a date in Retry-After counts from the Date of the answer, whatever the page clock says', async () => {
  const answer = new Response(null, {
    status: 503,
    headers: {
      date: 'Wed, 01 Jan 2020 00:00:00 GMT',
      'retry-after': 'Wed, 01 Jan 2020 00:01:00 GMT',
    },
  })
  await expect(parseTokenResponse(answer, 0)).rejects.toMatchObject({ retryAfter: 60_000 })
})
