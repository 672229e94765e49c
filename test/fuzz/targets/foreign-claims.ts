import fc from 'fast-check'
import { UnsecuredJWT } from 'jose'
import { expect } from 'vitest'
import { InvalidTokenError, TokenExpiredError } from '../../../packages/guard/src/errors.ts'
import { parseForeignClaims } from '../../../packages/guard/src/token/foreign-claims.ts'
import { findParsed, type Target } from '../target.ts'
import { toSegment } from './own-issuer.ts'

const ISSUER = 'https://issuer.example'
/** Epoch ms of the clock, not a whole second. */
const NOW = 1_800_000_000_500
const RULES = {
  issuer: ISSUER,
  audience: 'maps',
  requiredClaims: { plan: ['a', 'b'] },
  leeway: 1_000,
  maxLifetime: 3_600_000,
}
const good = { iss: ISSUER, aud: 'maps', exp: 1_800_000_100, plan: 'a' }
const time = fc.oneof(
  fc.integer({ min: 1_799_999_995, max: 1_800_000_035 }),
  fc.double({ min: 1_799_999_995, max: 1_800_000_035, noNaN: true }),
)
const any = fc.constantFrom<unknown>(
  null,
  '',
  'maps',
  ISSUER,
  ['maps'],
  ['maps', 1],
  [],
  {},
  -1,
  1e300,
)
const kinds = fc.constantFrom('Bearer', 'ID', 'Refresh', 'session', 'access', 'id', 'refresh')
const changes = fc.record(
  {
    ...{ iss: any, sub: any, jti: any, scope: any, scp: any, tiles: any, cnf: any, azp: any },
    aud: fc.oneof(fc.constantFrom<unknown>(['other', 'maps'], ['mapsx'], 'Maps'), any),
    ...{ iat: fc.oneof(time, any), exp: fc.oneof(time, any), nbf: fc.oneof(time, any) },
    ...{ typ: kinds, token_type: kinds, token_use: kinds, at_hash: any, events: any },
    plan: fc.constantFrom<unknown>('b', 'c', ['a'], null),
  },
  { requiredKeys: [] },
)

/** jose accepts what is accepted, with the same rules, and it says of itself that it is an access token. */
export const foreignClaims: Target<Readonly<Record<string, unknown>>> = {
  name: 'foreign-claims',
  isAnyJson: true,
  arbitrary: changes.chain((changed) =>
    fc
      .subarray(Object.entries(changed))
      .map((some) => ({ ...good, ...Object.fromEntries(some.slice(0, 3)) })),
  ),
  check: (payload) => {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return false
    const parse = () => parseForeignClaims(payload, RULES, 'hash', NOW)
    const claims = findParsed(parse, InvalidTokenError, TokenExpiredError)
    if (!claims) return false
    const { payload: asked } = UnsecuredJWT.decode(
      `${toSegment({ alg: 'none' })}.${toSegment(payload)}.`,
      {
        ...{ issuer: ISSUER, audience: 'maps', requiredClaims: ['exp'] },
        // jose counts whole seconds.
        ...{ clockTolerance: 31, currentDate: new Date(NOW) },
      },
    )
    for (const name of ['iss', 'aud', 'exp', 'sub', 'iat'] as const)
      expect(claims[name]).toEqual(asked[name])
    expect(claims.jti).toBe(asked.jti ?? 'hash')
    expect(claims.exp * 1000 + 1_000).toBeGreaterThan(NOW)
    expect(claims.exp * 1000 - (claims.iat ?? NOW / 1000) * 1000).toBeLessThanOrEqual(3_600_001)
    expect(['a', 'b']).toContain(asked.plan)
    const kindOf = (name: string) => String(asked[name] ?? 'access').toLowerCase()
    expect(kindOf('typ')).toMatch(/^(bearer|access(_token)?|jwt|(application\/)?at\+jwt)$/)
    expect(kindOf('token_use')).toBe('access')
    expect(['id', 'refresh', 'session']).not.toContain(kindOf('token_type'))
    expect(asked).not.toHaveProperty('at_hash')
    expect(asked).not.toHaveProperty('events')
    return true
  },
}
