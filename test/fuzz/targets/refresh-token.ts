import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createSecretKey } from '../../../server/src/issuer/secret-keys.ts'
import { createRefreshTokens } from '../../../server/src/sessions/refresh-tokens.ts'
import { applyChange } from '../../../server/src/store/changes.ts'
import { addSecretKey } from '../../../server/src/store/secret-keys.ts'
import type { Target } from '../target.ts'
import { isCanonicalText } from './compact-jws.ts'
import { ISSUER_URL, NOW, openIssuer, toSegment } from './own-issuer.ts'

interface Input {
  readonly header: string
  readonly payload: string
  /** Put between the parts, and after them. */
  readonly tail: string
  readonly isSigned: boolean
}

const SECRET = Buffer.alloc(32, 7)
const sign = (text: string) => createHmac('sha256', SECRET).update(text).digest('base64url')

const open = async () => {
  const { store, issuer } = await openIssuer()
  const secret = SECRET.toString('base64url')
  await applyChange(store, (change) =>
    addSecretKey(change, { ...createSecretKey('refresh', NOW), secret }),
  )
  return createRefreshTokens(store, issuer)
}
let tokens: ReturnType<typeof open> | undefined

const seconds = NOW / 1000
const odd = fc.constantFrom(null, 0, 1, '1', [], {}, true, '', seconds)
const header = fc.oneof(
  fc.constant({ alg: 'HS256', typ: 'JWT' }),
  fc.constantFrom<object>(
    { alg: 'none', typ: 'JWT' },
    { alg: 'HS512', typ: 'JWT' },
    { alg: 'HS256' },
  ),
  fc.constantFrom<object>(
    { alg: 'HS256', typ: 'JWT', crit: [] },
    { typ: 'JWT', alg: ['HS256'] },
    [],
  ),
)
const claims = {
  iss: fc.oneof(fc.constant(ISSUER_URL), odd),
  aud: fc.oneof(fc.constantFrom<unknown>(ISSUER_URL, [ISSUER_URL]), odd),
  jti: fc.oneof(fc.constant('f.1'), odd),
  iat: fc.oneof(fc.constant(seconds - 5), odd),
  exp: fc.oneof(fc.integer({ min: seconds - 2, max: seconds + 60 }), odd),
  token_type: fc.oneof(fc.constant('refresh'), fc.constantFrom('api_token', 'session'), odd),
  family: fc.oneof(fc.constant('f'), odd),
  generation: fc.oneof(fc.nat(9), odd),
}
const good = { iss: ISSUER_URL, aud: ISSUER_URL, jti: 'f.1', iat: seconds - 5, exp: seconds + 5 }

/** A ticket comes only from a token whose HMAC and claims Node's own functions find valid. */
export const refreshToken: Target<Input> = {
  name: 'refresh-token',
  arbitrary: fc.record({
    header: header.map(toSegment),
    payload: fc
      .record(claims, { requiredKeys: [] })
      .map((changed) => ({
        ...good,
        token_type: 'refresh',
        family: 'f',
        generation: 1,
        ...changed,
      }))
      .map(toSegment),
    tail: fc.constantFrom('', '', '', '', '=', '.', 'A', ' ', '\n'),
    isSigned: fc.constantFrom(true, true, true, false),
  }),
  check: async ({ header, payload, tail, isSigned }) => {
    tokens ??= open()
    const signature = isSigned ? sign(`${header}.${payload}`) : sign('')
    const found = await (await tokens).findTicket(`${header}.${payload}.${signature}${tail}`)
    if (!found) return false
    expect(isSigned && tail === '' && isCanonicalText(header)).toBe(true)
    const read = (segment: string) => JSON.parse(Buffer.from(segment, 'base64url').toString())
    expect(read(header)).toEqual({ alg: 'HS256', typ: 'JWT' })
    const { iss, aud, exp, jti, iat, token_type, ...rest } = read(payload)
    expect([iss, [aud].flat().includes(ISSUER_URL), token_type]).toEqual([
      ISSUER_URL,
      true,
      'refresh',
    ])
    expect(exp).toBeGreaterThan(seconds)
    expect([typeof jti !== 'undefined', typeof iat]).toEqual([true, 'number'])
    expect({ family: rest.family, generation: rest.generation }).toEqual(found)
    return true
  },
}
