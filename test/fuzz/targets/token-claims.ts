import fc from 'fast-check'
import { errors, UnsecuredJWT } from 'jose'
import { expect } from 'vitest'
import { InvalidTokenError, TokenExpiredError } from '../../../packages/guard/src/errors.ts'
import { parseClaims } from '../../../packages/guard/src/token/claims.ts'
import { findParsed, type Target } from '../target.ts'
import { toSegment } from './own-issuer.ts'

const ISSUER = 'https://issuer.example'
/** Epoch ms of the clock, not a whole second. */
const NOW = 1_800_000_000_500
const RULES = {
  issuer: ISSUER,
  audience: 'maps',
  tokenType: 'api_token',
  requiredClaims: { plan: ['a', 'b'] },
  leeway: 1_000,
  maxLifetime: 3_600_000,
}
const good = {
  iss: ISSUER,
  aud: 'maps',
  sub: 's',
  jti: 'j',
  iat: 1_799_999_900,
  exp: 1_800_000_100,
  token_type: 'api_token',
  plan: 'a',
}
const second = fc.integer({ min: 1_799_999_995, max: 1_800_000_035 })
const any = fc.oneof(
  second,
  fc.constantFrom<unknown>(
    null,
    '',
    'maps',
    ISSUER,
    'api_token',
    ['maps'],
    ['maps', 1],
    [],
    {},
    0.5,
  ),
  fc.constantFrom<unknown>(-1, 1e300, 1_800_000_000.5, '1800000000', { bbox: [0, 0, 1, 1] }),
)
const changes = fc.record(
  {
    iss: fc.oneof(fc.constantFrom('https://issuer.example/', 'HTTPS://issuer.example'), any),
    aud: fc.oneof(fc.constantFrom<unknown>(['other', 'maps'], ['mapsx'], 'Maps'), any),
    sub: any,
    jti: any,
    iat: fc.oneof(second, second, any),
    exp: fc.oneof(second, second, any),
    nbf: fc.oneof(second, any),
    scope: any,
    token_type: any,
    tiles: any,
    plan: fc.constantFrom<unknown>('b', 'c', ['a'], null),
    cnf: any,
    typ: any,
  },
  { requiredKeys: [] },
)

/** jose accepts what is accepted, with the same rules, and finds expired what is refused as expired. */
export const tokenClaims: Target<Readonly<Record<string, unknown>>> = {
  name: 'token-claims',
  isAnyJson: true,
  arbitrary: changes.chain((changed) =>
    fc
      .subarray(Object.entries(changed), { maxLength: 3 })
      .map((some) => ({ ...good, ...Object.fromEntries(some) })),
  ),
  check: (payload) => {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return false
    const askJose = () =>
      UnsecuredJWT.decode(`${toSegment({ alg: 'none' })}.${toSegment(payload)}.`, {
        issuer: ISSUER,
        audience: 'maps',
        clockTolerance: 1,
        currentDate: new Date(NOW),
        requiredClaims: ['exp', 'iat', 'sub', 'jti'],
      })
    try {
      const claims = findParsed(() => parseClaims(payload, RULES, NOW), InvalidTokenError)
      if (!claims) return false
      const asked = askJose().payload
      expect(asked).toMatchObject(JSON.parse(JSON.stringify({ ...claims, scope: asked.scope })))
      expect(claims.scope).toBe(asked.scope ?? '')
      expect(['a', 'b']).toContain(asked.plan)
      expect(claims.exp - claims.iat).toBeLessThanOrEqual(3_600)
      expect(claims.iat * 1000).toBeLessThanOrEqual(NOW + 30_000)
      return true
    } catch (error) {
      if (!(error instanceof TokenExpiredError)) throw error
      expect(askJose).toThrow(errors.JWTExpired)
      return false
    }
  },
}
