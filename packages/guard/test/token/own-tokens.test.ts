import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError } from '../../src/index.ts'
import { createTestIssuer, encode, goodClaims, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const shared = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, now: () => NOW }
const own = createVerifier({ ...shared, tokenType: 'api_token' })
const foreign = createVerifier({ ...shared, tokenType: null })
const verdictOf = (verifier: typeof own, token: string) =>
  verifier.verify(token, { enforcesTileClaims: true, enforcesBinding: true }).then(
    () => true,
    () => false,
  )
const iat = NOW / 1000

/** What tokens of other issuers may have or lack, as changes of a token of our own kind. */
const liberties: [
  string,
  { payload?: Record<string, unknown>; header?: Record<string, unknown> },
][] = [
  ['the payload says typ: Bearer', { payload: { typ: 'Bearer' } }],
  ['a certificate is named by x5t', { header: { x5t: 'a' } }],
  ['a certificate is named by x5t#S256', { header: { 'x5t#S256': 'a' } }],
  ['no jti', { payload: { jti: undefined } }],
  ['no sub', { payload: { sub: undefined } }],
  ['no iat', { payload: { iat: undefined } }],
  ['no token_type', { payload: { token_type: undefined } }],
  ['another token_type', { payload: { token_type: 'Bearer' } }],
  ['scope is a list', { payload: { scope: ['tiles:read'] } }],
  ['exp has a fraction', { payload: { exp: iat + 60.5 } }],
  ['iat has a fraction', { payload: { iat: iat - 0.5 } }],
  ['nbf has a fraction', { payload: { nbf: iat - 0.5 } }],
  ['nbf is 3 s ahead', { payload: { nbf: iat + 3 } }],
  ['nbf is 30 s ahead', { payload: { nbf: iat + 30 } }],
  ['org_id is a number', { payload: { org_id: 1 } }],
  ['parent is an object', { payload: { parent: {} } }],
  ['typ is application/at+jwt', { header: { typ: 'application/at+jwt' } }],
  ['typ is application/JWT', { header: { typ: 'application/JWT' } }],
  ['typ is AT+JWT', { header: { typ: 'AT+JWT' } }],
  ['typ is jwt', { header: { typ: 'jwt' } }],
  ['no kid', { header: { kid: undefined } }],
  ['the token is longer than 4 KiB', { payload: { groups: 'x'.repeat(4_000) } }],
]

describe('what other issuers may write is still refused in a token of our own kind', () => {
  test.each(liberties)('%s', async (_, { payload, header }) => {
    const token = issuer.sign(payload, header)
    await expect(own.verify(token)).rejects.toThrow(InvalidTokenError)
    await expect(foreign.verify(token)).resolves.toBeDefined()
  })
})

describe('what no access token has is refused from every issuer', () => {
  test.each([
    ['another issuer', { payload: { iss: `${ISSUER}/` } }],
    ['another audience', { payload: { aud: 'tiles' } }],
    ['no audience', { payload: { aud: undefined } }],
    ['an audience that is no string', { payload: { aud: [ISSUER, 1] } }],
    ['no exp', { payload: { exp: undefined } }],
    ['exp as a string', { payload: { exp: `${iat + 60}` } }],
    ['exp in the year 30000000', { payload: { exp: 1e15 } }],
    [
      'no iat and an end beyond the longest lifetime',
      { payload: { iat: undefined, exp: iat + 367 * 86_400 } },
    ],
    ['negative times', { payload: { iat: -1, exp: iat + 60 } }],
    ['exp before iat', { payload: { iat: iat + 20, exp: iat + 20 } }],
    ['a lifetime beyond the bound', { payload: { exp: iat + 367 * 86_400 } }],
    ['iat 31 s ahead', { payload: { iat: iat + 31, exp: iat + 90 } }],
    ['nbf 31 s ahead', { payload: { nbf: iat + 31 } }],
    ['nbf as a string', { payload: { nbf: 'now' } }],
    ['sub as a number', { payload: { sub: 1 } }],
    ['jti as a number', { payload: { jti: 1 } }],
    ['scope as a number', { payload: { scope: 1 } }],
    ['scope as a list of numbers', { payload: { scope: [1] } }],
    ['scp as an object', { payload: { scp: {}, scope: {} } }],
    ['typ: ID', { payload: { typ: 'ID' } }],
    ['typ: Refresh', { payload: { typ: 'Refresh' } }],
    ['typ: Offline', { payload: { typ: 'Offline' } }],
    ['typ: download, our own', { payload: { typ: 'download' } }],
    ['typ as a list', { payload: { typ: [] } }],
    ['typ as null', { payload: { typ: null } }],
    ['token_type: session, our own', { payload: { token_type: 'session' } }],
    ['token_type: refresh, our own', { payload: { token_type: 'refresh' } }],
    ['type: refresh', { payload: { type: 'refresh', token_type: undefined } }],
    ['token_use: id', { payload: { token_use: 'id', token_type: undefined } }],
    ['at_hash', { payload: { at_hash: 'x', token_type: undefined } }],
    ['c_hash', { payload: { c_hash: 'x', token_type: undefined } }],
    ['events, a logout token', { payload: { events: {}, token_type: undefined } }],
    ['a binding to a key (DPoP)', { payload: { cnf: { jkt: 'x' } } }],
    ['tiles that are no tile claims', { payload: { tiles: true } }],
    ['its own key', { header: { jwk: {} } }],
    ['a URL of keys', { header: { jku: 'https://evil.example' } }],
    ['a certificate chain', { header: { x5c: ['MIIC'] } }],
    ['an unknown crit', { header: { crit: ['exp'], exp: 1 } }],
    ['crit for tiles without the claim', { header: { crit: ['tiles'], tiles: true } }],
    ['typ: dpop+jwt', { header: { typ: 'dpop+jwt' } }],
    ['typ: logout+jwt', { header: { typ: 'logout+jwt' } }],
    ['typ as a number', { header: { typ: 1 } }],
    ['kid as a number', { header: { kid: 1 } }],
    ['an empty kid', { header: { kid: '' } }],
    ['another algorithm', { header: { alg: 'PS256' } }],
    ['more than 8 KiB', { payload: { groups: 'x'.repeat(8_192) } }],
  ] as typeof liberties)('%s', async (_, { payload, header }) => {
    const token = issuer.sign(payload, header)
    for (const { verify } of [own, foreign])
      await expect(verify(token, { enforcesTileClaims: true })).rejects.toThrow(InvalidTokenError)
  })
})

const time = fc.oneof(
  fc.integer({ min: iat - 70, max: iat + 70 }),
  fc.constantFrom<unknown>(iat + 0.5, `${iat}`, null, -1, 1e15, undefined),
)
const text = fc.constantFrom<unknown>('a', '', 1, null, [], ['a'], undefined)
const payloads = fc.record(
  {
    iss: fc.constantFrom<unknown>(`${ISSUER}/`, [ISSUER], undefined),
    aud: fc.constantFrom<unknown>([ISSUER, 'b'], [ISSUER, 1], 'b', [], undefined),
    ...{ sub: text, jti: text, scope: text, org_id: text, parent: text, sid: text, scp: text },
    ...{ iat: time, exp: time, nbf: time },
    token_type: fc.constantFrom<unknown>('Bearer', 'session', ['api_token'], undefined),
    typ: fc.constantFrom<unknown>('Bearer', 'JWT', 'ID', 'download', null, undefined),
    token_use: fc.constantFrom<unknown>('access', 'id'),
    at_hash: fc.constant('x'),
    tiles: fc.constantFrom<unknown>({ maxzoom: 3 }, { minzoom: 5, maxzoom: 4 }, true),
    cnf: fc.constantFrom<unknown>({ 'cookie#S256': 'a' }, { jkt: 'a' }, null),
  },
  { requiredKeys: [] },
)
const headers = fc.record(
  {
    typ: fc.constantFrom<unknown>('at+jwt', 'AT+JWT', 'application/at+jwt', 'jwt', null, undefined),
    kid: fc.constantFrom<unknown>(undefined, 'k2', ''),
    ...{ x5t: fc.constant('a'), 'x5t#S256': fc.constant('a'), jwk: fc.constant({}) },
    cty: fc.constant('JWT'),
  },
  { requiredKeys: [] },
)
/** At most two of these changes. */
const some = (changes: fc.Arbitrary<object>) =>
  changes.chain((changed) => {
    const entries = Object.entries(changed)
    const maxLength = Math.min(2, entries.length)
    return fc.subarray(entries, { maxLength }).map((few) => Object.fromEntries(few))
  })

/** The rules for tokens of our own kind, said once more, in other words. */
function isOwn(header: Record<string, unknown>, payload: Record<string, unknown>): boolean {
  const { iss, aud, sub, jti, iat: issued, exp, nbf, scope, org_id, parent, tiles, cnf } = payload
  const isWhole = (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= 0
  const isText = (value: unknown) => typeof value === 'string' && value.length > 0
  const isOptional = (value: unknown) => value === undefined || isText(value)
  const isTiles = JSON.stringify(tiles) === '{"maxzoom":3}'
  return (
    Object.keys(header).every((name) => ['alg', 'kid', 'typ'].includes(name)) &&
    [undefined, 'JWT', 'at+jwt'].includes(header.typ as string) &&
    header.kid === 'k1' &&
    iss === ISSUER &&
    (aud === ISSUER || JSON.stringify(aud) === JSON.stringify([ISSUER, 'b'])) &&
    [sub, jti].every(isText) &&
    [scope, org_id, parent].every(isOptional) &&
    payload.token_type === 'api_token' &&
    payload.typ === undefined &&
    (tiles === undefined || isTiles) &&
    (cnf === undefined || JSON.stringify(cnf) === '{"cookie#S256":"a"}') &&
    isWhole(issued) &&
    isWhole(exp) &&
    exp > issued &&
    exp - issued <= 366 * 86_400 &&
    issued <= iat + 30 &&
    (nbf === undefined || (isWhole(nbf) && nbf <= iat + 1)) &&
    iat < exp + 1
  )
}

test('tokens of our own kind pass by exactly the strict rules, whatever other issuers may write', async () => {
  await fc.assert(
    fc.asyncProperty(some(payloads), some(headers), async (changed, more) => {
      const token = issuer.sign({ ...changed }, { ...more })
      const written = JSON.parse(JSON.stringify({ ...goodClaims(), ...changed }))
      const header = JSON.parse(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'k1', ...more }))
      expect(await verdictOf(own, token)).toBe(isOwn(header, written))
    }),
    { numRuns: 1_000 },
  )
})

test('a list of token types accepts each of them, and is as strict', async () => {
  const several = createVerifier({ ...shared, tokenType: ['api_token', 'session'] })
  for (const token_type of ['api_token', 'session'])
    await expect(several.verify(issuer.sign({ token_type }))).resolves.toBeDefined()
  for (const payload of [{ token_type: 'refresh' }, { token_type: undefined }, { jti: undefined }])
    await expect(several.verify(issuer.sign(payload))).rejects.toThrow(InvalidTokenError)
})

test('the same token as other segments is not the same token', async () => {
  const [head = '', body = '', signature = ''] = issuer.sign().split('.')
  for (const token of [`${head}.${body}.${signature}=`, `${head}.${encode('{}')}.${signature}`])
    expect(await verdictOf(foreign, token)).toBe(false)
})
