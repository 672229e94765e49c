import fc from 'fast-check'
import { expect } from 'vitest'
import { createVerifier } from '../../../packages/guard/src/index.ts'
import { parseConfig } from '../../../server/src/config/parse.ts'
import { ConfigError } from '../../../server/src/settings/config-error.ts'
import { isBaseUrl } from '../../../server/src/settings/url.ts'
import { FRAGMENTS } from '../mutants.ts'
import { findParsed, type Target } from '../target.ts'

const SECRET = 'canary-secret'
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc
    .array(fc.constantFrom('https://', 'maps.example', ':8080', '/tiles', 'user@', ...FRAGMENTS))
    .map((parts) => parts.join('')),
)
const value = fc.oneof(
  url,
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom('a', 'tiles:read', SECRET),
)
const env = fc.constantFrom<unknown>(
  { env: 'NAME' },
  { file: 'secret' },
  SECRET,
  { env: SECRET },
  1,
)
const upstream = fc.record(
  {
    kind: fc.constantFrom<unknown>('geog', 'mapbox', 'geolens', 'login', 'oauth', 'other', 1),
    url,
    tokenUrl: url,
    token: env,
    apiKey: env,
    username: env,
    password: env,
    clientId: value,
    clientSecret: env,
    timeoutSeconds: value,
  },
  { requiredKeys: ['kind'] },
)
const grant = fc.record(
  {
    account: value,
    upstream: fc.constantFrom('a', 'b', '__proto__'),
    scope: value,
    expiresInSeconds: value,
    origins: fc.array(url),
    tiles: fc.oneof(fc.constant({ maxzoom: 3 }), value),
    session: value,
    shared: fc.boolean(),
  },
  { requiredKeys: [] },
)
const names = fc.constantFrom('a', 'b', 'default', '__proto__', 'a b')
const config = fc.record(
  {
    issuer: url,
    publicUrl: url,
    port: value,
    grants: fc.dictionary(names, grant, { maxKeys: 2 }),
    upstreams: fc.dictionary(names, upstream, { maxKeys: 2 }),
    tilesets: fc.dictionary(names, fc.constantFrom<unknown>({ path: 'a' }, SECRET), { maxKeys: 1 }),
    trustProxy: fc.array(fc.constantFrom('loopback', '10.0.0.0/8', '::/0', '10/8'), {
      maxLength: 2,
    }),
    verify: fc.record(
      { peers: fc.constantFrom(['loopback'], []), tiles: fc.array(value) },
      { requiredKeys: ['peers'] },
    ),
    login: fc.dictionary(fc.constantFrom('perMinute', 'graceSeconds'), value),
    [SECRET]: value,
  },
  { requiredKeys: [] },
)

/** A configuration fails with faults only; what is accepted is accepted again, and no fault quotes a secret. */
export const brokerConfig: Target<unknown> = {
  name: 'broker-config',
  isAnyJson: true,
  arbitrary: fc.oneof(config, config, fc.jsonValue()),
  check: (input) => {
    try {
      const parsed = parseConfig(input)
      expect(parseConfig(parsed)).toEqual(parsed)
      for (const url of [parsed.issuer, parsed.publicUrl])
        if (url !== undefined) expect(isBaseUrl(url)).toBe(true)
      return true
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      expect(error.faults.length).toBeGreaterThan(0)
      for (const fault of error.faults) {
        expect(fault).toMatch(/^.+: .+ \(given: .*\)$/s)
        // Only below the members of an upstream that hold secrets.
        if (/^upstreams\.\w+\.(?:token|apiKey|username|password|clientSecret)/.test(fault))
          expect(fault.replace(/^\S+/, '')).not.toContain(SECRET)
      }
      return false
    }
  },
}

/** Where a path is appended to an accepted URL, the URL parser appends it to the path. */
export const baseUrl: Target<string> = {
  name: 'base-url',
  arbitrary: url,
  check: (given) => {
    if (!isBaseUrl(given)) {
      expect(/^https?:\/\/[a-z]+\.example(?::8080)?(?:\/[a-z]+)*$/.test(given)).toBe(false)
      return false
    }
    const base = new URL(given)
    expect(base.username + base.password + base.search + base.hash).toBe('')
    expect(base.protocol).toMatch(/^https?:$/)
    expect(new URL(`${given}/a/b?c`).href).toBe(`${base.href.replace(/\/$/, '')}/a/b?c`)
    return true
  },
}

const issuer = fc.record(
  {
    issuer: value,
    audience: value,
    jwks: fc.oneof(
      url,
      fc.constantFrom<unknown>({ keys: [] }, { keys: [{ kty: 'oct', k: 'a' }] }),
      value,
    ),
    algorithms: fc.constantFrom<unknown>(['RS256'], ['none'], ['HS256'], [], 'RS256', [
      'ES256',
      'EdDSA',
    ]),
    leeway: fc.oneof(fc.double(), value),
    maxLifetime: fc.oneof(fc.nat(), value),
    maxKeyAge: fc.oneof(fc.nat(), value),
    type: fc.constantFrom<unknown>('JWT', 'at+jwt', 'jwt', 1),
    tokenType: value,
    requiredClaims: fc.oneof(fc.dictionary(fc.string(), value), value),
    revocable: fc.constantFrom<unknown>(true, false, 'yes'),
  },
  { requiredKeys: ['issuer', 'audience', 'jwks'] },
)

/** Options of a verifier are accepted or refused at once, by type errors that quote no value. */
export const issuerOptions: Target<unknown> = {
  name: 'issuer-options',
  isAnyJson: true,
  arbitrary: fc.oneof(
    issuer,
    fc.array(issuer, { maxLength: 2 }).map((issuers) => ({ issuers })),
  ),
  check: (options) => {
    const verifier = findParsed(() => createVerifier(options as never), TypeError, RangeError)
    if (!verifier) return false
    const list: readonly unknown[] = Reflect.get(Object(options), 'issuers') ?? [options]
    for (const each of list) {
      const { issuer, audience, jwks, leeway = 0, algorithms = [] } = Object(each)
      expect([issuer, audience].every((text) => typeof text === 'string' && text !== '')).toBe(true)
      if (typeof jwks === 'string') expect(new URL(jwks).protocol).toMatch(/^https?:$/)
      expect(leeway).toBeGreaterThanOrEqual(0)
      for (const algorithm of algorithms) expect(algorithm).not.toMatch(/^(?:HS|none)/i)
    }
    return true
  },
}
