import fc from 'fast-check'
import { type AuthorizationServer, processGenericTokenEndpointResponse } from 'oauth4webapi'
import { expect } from 'vitest'
import { TokenError } from '../../../packages/core/src/index.ts'
import { parseTokenResponse } from '../../../packages/core/src/token-response.ts'
import type { Target } from '../target.ts'

interface Input {
  readonly status: number
  readonly body: string
  readonly retryAfter: string
}

const SERVER: AuthorizationServer = { issuer: 'https://issuer.example' }
const json = (body: string, status = 200, retryAfter = '') =>
  new Response(body, {
    status,
    headers: { 'content-type': 'application/json', 'retry-after': retryAfter },
  })

const member = fc.oneof(
  fc.constantFrom<unknown>(
    'a.b.c',
    'Bearer',
    'bearer',
    60,
    '60',
    0,
    -1,
    1e9,
    '1e3',
    null,
    [],
    {},
    true,
  ),
  fc.string(),
  fc.double(),
)
const body = fc.record(
  {
    access_token: fc.oneof(fc.constant('a.b.c'), member),
    token_type: fc.oneof(fc.constant('Bearer'), member),
    expires_in: fc.oneof(fc.constant(60), member),
    scope: fc.oneof(fc.constant('tiles:read'), member),
    __proto__: member,
  },
  { requiredKeys: [] },
)

/** An accepted answer is one for oauth4webapi too, with the same token and lifetime; and the reverse. */
export const tokenResponse: Target<Input> = {
  name: 'token-response',
  arbitrary: fc.record({
    status: fc.constantFrom(200, 200, 200, 201, 302, 400, 401, 403, 404, 408, 429, 500, 503),
    body: fc.oneof(
      body.map((value) => JSON.stringify(value)),
      fc.json(),
      fc.string(),
    ),
    retryAfter: fc.constantFrom(
      '',
      '5',
      '-1',
      'soon',
      'Wed, 01 Jan 2020 00:01:00 GMT',
      '9'.repeat(400),
    ),
  }),
  check: async ({ status, body, retryAfter }) => {
    if (status < 200 || status > 599 || !Number.isInteger(status) || !isHeader(retryAfter))
      return false
    if ([204, 205, 304].includes(status)) return false
    const outcome = await parseTokenResponse(json(body, status, retryAfter), 1_000).catch(
      (error: unknown) => error,
    )
    const asked = await processGenericTokenEndpointResponse(
      SERVER,
      { client_id: 'a' },
      json(body),
    ).catch(() => undefined)
    if (outcome instanceof TokenError) {
      expect(outcome.retryAfter === undefined || outcome.retryAfter >= 0).toBe(true)
      const isUsable =
        /^[\x21-\x7e]+$/.test(asked?.access_token ?? '') && asked?.token_type === 'bearer'
      if (asked && isUsable && status >= 200 && status < 300)
        expect(asked.expires_in ?? 0).not.toSatisfy(isLifetime)
      return false
    }
    if (outcome instanceof SyntaxError) {
      expect(() => JSON.parse(body)).toThrow(SyntaxError)
      return false
    }
    expect(outcome).not.toBeInstanceOf(Error)
    const {
      access_token,
      token_type = 'Bearer',
      expires_in,
      scope,
    } = JSON.parse(body.replace(/^\ufeff/, ''))
    expect(String(token_type)).toMatch(/^bearer$/i)
    expect(outcome).toEqual({
      value: access_token,
      expiresAt: 1_000 + Number.parseFloat(expires_in) * 1_000,
      ...(typeof scope === 'string' ? { scope } : {}),
    })
    // It requires the type, and refuses what it knows in other types.
    if (/"token_type"/.test(body) && (scope === undefined || typeof scope === 'string'))
      expect(asked ?? body).toMatchObject({ access_token, token_type: 'bearer' })
    return true
  },
}

const isLifetime = (seconds: unknown) => Number(seconds) > 0 && Number(seconds) < 1e9

function isHeader(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
