import { describe, expect, test } from 'vitest'
import { createBudgets, createVerifier, forwardAuth, guard } from '../../src/index.ts'
import { createTestIssuer, ISSUER } from '../support/issuer.ts'

const { jwks } = createTestIssuer()
const issuer = { issuer: ISSUER, audience: ISSUER, jwks }
const verifier = createVerifier(issuer)
const peers = ['loopback']

/** Options as JavaScript passes them, unchecked by a compiler. */
type Construct = (options: unknown) => unknown
const constructors: Readonly<Record<string, Construct>> = {
  createBudgets,
  createVerifier,
  forwardAuth,
  guard,
} as Record<string, Construct>

const misuses: [keyof typeof constructors, string, unknown, RegExp][] = [
  ['guard', 'nothing', undefined, /guard\(\)/],
  ['guard', 'no jwks', { issuer: ISSUER, audience: ISSUER }, /^"jwks" must be/],
  ['guard', 'no issuer', { audience: ISSUER, jwks }, /^"issuer" must be/],
  ['guard', 'no audience', { issuer: ISSUER, jwks }, /^"audience" must be/],
  ['guard', 'an empty audience', { ...issuer, audience: '' }, /^"audience" must be/],
  ['guard', 'jwks: {}', { ...issuer, jwks: {} }, /^"jwks" must be/],
  ['guard', 'jwks: a path', { ...issuer, jwks: '/jwks.json' }, /^"jwks" must be/],
  ['guard', 'jwks: a host', { ...issuer, jwks: 'localhost:1/jwks.json' }, /^"jwks" must be/],
  ['guard', 'scopes', { ...issuer, scopes: 'tiles:read' }, /^"scopes" is not an option of guard/],
  ['guard', 'scope: a list', { ...issuer, scope: ['tiles:read'] }, /^"scope" must be/],
  ['guard', 'peers', { ...issuer, peers }, /^"peers" is not an option of guard/],
  ['guard', 'raw budgets', { ...issuer, budgets: { tilesPerDay: 3 } }, /^"budgets" must be/],
  ['guard', 'tiles: 1', { ...issuer, tiles: 1 }, /^"tiles" must be/],
  ['guard', 'vary: "no"', { ...issuer, vary: 'no' }, /^"vary" must be/],
  ['guard', 'onRefusal: true', { ...issuer, onRefusal: true }, /^"onRefusal" must be/],
  ['guard', 'verifier: undefined', { verifier: undefined }, /^"verifier" must be/],
  ['guard', 'raw verifier', { verifier: issuer }, /^"verifier" must be/],
  ['guard', 'verifier and audience', { verifier, audience: 'x' }, /^"audience" is not an option/],
  ['createVerifier', 'nothing', undefined, /createVerifier\(\)/],
  [
    'createVerifier',
    'scope',
    { ...issuer, scope: 'x' },
    /^"scope" is not an option of createVerifier/,
  ],
  ['createVerifier', 'type: "at+JWT"', { ...issuer, type: 'at+JWT' }, /^"type" must be/],
  ['createVerifier', 'tokenType: ""', { ...issuer, tokenType: '' }, /^"tokenType" must be/],
  ['createVerifier', 'tokenType: []', { ...issuer, tokenType: [] }, /^"tokenType" must be/],
  ['createVerifier', 'tokenType: [1]', { ...issuer, tokenType: [1] }, /^"tokenType" must be/],
  ['createVerifier', 'audience: null', { ...issuer, audience: null }, /^"audience: null" requires/],
  ['createVerifier', 'audience: []', { ...issuer, audience: [] }, /^"audience" must be/],
  ['createVerifier', 'cacheSize: "x"', { ...issuer, cacheSize: 'x' }, /^"cacheSize" must be/],
  ['createVerifier', 'cacheSize: -1', { ...issuer, cacheSize: -1 }, /^"cacheSize" must be/],
  ['createVerifier', 'timeout: -1', { ...issuer, timeout: -1 }, /^"timeout" must be/],
  ['createVerifier', 'timeout: ∞', { ...issuer, timeout: Infinity }, /^"timeout" must be/],
  ['createVerifier', 'leeway: "1"', { ...issuer, leeway: '1' }, /^"leeway" must be/],
  ['createVerifier', 'leeway: NaN', { ...issuer, leeway: NaN }, /^"leeway" must be/],
  ['createVerifier', 'maxLifetime: 0', { ...issuer, maxLifetime: 0 }, /^"maxLifetime" must be/],
  ['createVerifier', 'maxKeyAge: 0', { ...issuer, maxKeyAge: 0 }, /^"maxKeyAge" must be/],
  [
    'createVerifier',
    'claims: a string',
    { ...issuer, requiredClaims: 'x' },
    /^"requiredClaims" must/,
  ],
  [
    'createVerifier',
    'a claim: null',
    { ...issuer, requiredClaims: { a: null } },
    /^"requiredClaims"/,
  ],
  [
    'createVerifier',
    'algorithms: a string',
    { ...issuer, algorithms: 'RS256' },
    /^"algorithms" must/,
  ],
  ['createVerifier', 'revocable: "no"', { ...issuer, revocable: 'no' }, /^"revocable" must be/],
  ['createVerifier', 'isRevoked: true', { ...issuer, isRevoked: true }, /^"isRevoked" must be/],
  [
    'createVerifier',
    'isRevoked.peek: true',
    { ...issuer, isRevoked: Object.assign(() => false, { peek: true }) },
    /^"isRevoked" must be a function; so must its "peek"/,
  ],
  ['createVerifier', 'issuers: one', { issuers: issuer }, /^"issuers" must be/],
  ['createVerifier', 'issuers: a string', { issuers: [ISSUER] }, /^"issuers\[0\]" must be/],
  [
    'createVerifier',
    'half an issuer',
    { issuers: [{ ...issuer, jwks: 1 }] },
    /^"issuers\[0\].jwks" must/,
  ],
  [
    'createVerifier',
    'a typo in an issuer',
    { issuers: [{ ...issuer, typ: 'JWT' }] },
    /^"issuers\[0\].typ" is not/,
  ],
  [
    'createVerifier',
    'issuers and leeway',
    { issuers: [issuer], leeway: 1 },
    /^"leeway" is not an option/,
  ],
  ['forwardAuth', 'nothing', undefined, /forwardAuth\(\)/],
  ['forwardAuth', 'no peers', issuer, /^"peers" must be a list/],
  ['forwardAuth', 'peers: a string', { ...issuer, peers: '10.0.0.0/8' }, /^"peers" must be a list/],
  ['forwardAuth', 'peers: numbers', { ...issuer, peers: [10] }, /^"peers" must be a list/],
  ['forwardAuth', 'no jwks', { peers, issuer: ISSUER, audience: ISSUER }, /^"jwks" must be/],
  [
    'forwardAuth',
    'scopes',
    { ...issuer, peers, scopes: 'x' },
    /^"scopes" is not an option of forwardAuth/,
  ],
  [
    'forwardAuth',
    'vary',
    { ...issuer, peers, vary: true },
    /^"vary" is not an option of forwardAuth/,
  ],
  [
    'createBudgets',
    'tilePerDay',
    { tilePerDay: 3 },
    /^"tilePerDay" is not an option of createBudgets/,
  ],
  ['createBudgets', 'tilesPerDay: "3"', { tilesPerDay: '3' }, /^"tilesPerDay" must be/],
  ['createBudgets', 'write: {}', { write: {} }, /^"write" must be/],
]

describe('misuse is refused at construction, with the option and its rule:', () => {
  test.each(misuses)('%s with %s', (name, _, options, message) => {
    let thrown: unknown
    try {
      constructors[name]?.(options)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toSatisfy((error) => error instanceof TypeError || error instanceof RangeError)
    expect(thrown).toHaveProperty('message', expect.stringMatching(message))
  })
})

test('every option passes, and so does an absent one', () => {
  const settings = {
    isRevoked: () => false,
    cacheSize: 0,
    timeout: 1,
    fetch: globalThis.fetch,
    now: () => 0,
  }
  const full = {
    ...issuer,
    algorithms: ['RS256'],
    leeway: 0,
    maxLifetime: Infinity,
    type: 'at+jwt',
    tokenType: null,
    requiredClaims: { a: ['b'], c: 1, d: true, e: 'f' },
    revocable: false,
  } as const
  const rules = {
    scope: 'tiles:read',
    tiles: '/{z}/{x}/{y}.pbf',
    budgets: createBudgets({ tilesPerDay: undefined, requestsPerSecond: 0.5 }),
    credentials: { query: 'token' },
    errors: 'oauth',
    onRefusal: () => undefined,
  } as const
  for (const choice of [{ verifier }, { ...settings, ...full }, { ...settings, issuers: [full] }]) {
    expect(guard({ ...choice, ...rules, vary: false })).toBeTypeOf('function')
    expect(forwardAuth({ ...choice, ...rules, peers })).toBeTypeOf('function')
  }
  const url = new URL('https://issuer.example/jwks.json')
  expect(createVerifier({ ...issuer, jwks: url, revocable: true })).toHaveProperty('verify')
})

test('the message about an unknown option lists the options that exist', () => {
  // @ts-expect-error A mistyped option.
  expect(() => createBudgets({ tilePerDay: 3 })).toThrow(
    '"tilePerDay" is not an option of createBudgets(); expected one of: tilesPerToken, requestsPerSecond, tilesPerDay, write, onError, now',
  )
})
