import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { createBroker } from '../../src/index.ts'
import { makeDataFolder } from '../support/broker-under-test.ts'
import { findFaults } from '../support/faults.ts'

const env = (name: string) => ({ env: name })
const geog = { kind: 'geog', token: env('T') }
const upstreams = {
  geog,
  mapbox: { kind: 'mapbox', token: env('T') },
  geolens: { kind: 'geolens', url: 'https://g.example', apiKey: env('T') },
  login: { kind: 'login', url: 'https://l.example', username: env('U'), password: env('P') },
  oauth: {
    kind: 'oauth',
    tokenUrl: 'https://o.example/token',
    clientId: 'c',
    clientSecret: env('S'),
  },
}

test('faults of upstreams and their grants are reported all at once, each with field, rule and value', () => {
  const input = {
    upstreams: {
      ...upstreams,
      a: { kind: 'geog', url: 'http://geog.example', token: 'a literal' },
      b: { kind: 'gegg' },
      c: { kind: 'geolens', url: 'https://g.example' },
      d: {
        kind: 'oauth',
        tokenUrl: 'https://o.example/token',
        clientId: 'x',
        parameters: { scope: 'y' },
      },
      e: {
        kind: 'login',
        url: 'https://l.example/',
        username: env('U'),
        pasword: 1,
        timeoutSeconds: 0,
      },
      f: 1,
      'g h': geog,
    },
    grants: {
      a: { upstream: 'nowhere' },
      b: { upstream: 'geog', expiresInSeconds: 15_000 },
      c: { upstream: 'mapbox', scope: 'styles:read', expiresInSeconds: 7200, datasets: [] },
      d: { upstream: 'geolens', scope: 'x', datasets: ['1'] },
      e: { upstream: 'geolens' },
      f: { upstream: 'oauth', expiresInSeconds: 60 },
      g: { upstream: 'geog', scope: 'tiles:read', session: 'required' },
      h: { upstream: 'geog', scope: 'tiles:read', session: 'required', account: 'x', shared: true },
      i: { upstream: 'geog', scope: 'tiles:read', tiles: {} },
    },
  }
  const faults = findFaults(() => parseConfig(input))
  for (const fault of [
    /^upstreams\.a\.url: must be an https URL .* \(given: "http:\/\/geog\.example"\)/,
    'upstreams.a.token: must be { "env": "NAME" }, { "file": "path" } or, in code, a function; never the secret itself (given: a string, not shown)',
    'upstreams.b.kind: must be "geog", "mapbox", "geolens", "login" or "oauth"; in code, a function can be given in place of the settings (given: "gegg")',
    'upstreams.c.apiKey: or "token" must be set, and not both (given: nothing)',
    'upstreams.d.clientSecret: must be set together with "clientId" (given: nothing)',
    /^upstreams\.d\.parameters: must not have grant_type/,
    /^upstreams\.e\.url: .*trailing slash/,
    /^upstreams\.e\.password: must be/,
    'upstreams.e.pasword: not a known field (given: a number, not shown)',
    'upstreams.e.timeoutSeconds: must be a whole number from 1 to 60 (given: 0)',
    'upstreams.f: must be an object (given: a number, not shown)',
    /^upstreams\.g h: must be a name/,
    'grants.a.upstream: must be the name of one of "upstreams" (given: "nowhere")',
    'grants.b.scope: must be set for an upstream of kind "geog" (given: nothing)',
    'grants.b.expiresInSeconds: must be a whole number from 1 to 14400 (given: 15000)',
    'grants.c.expiresInSeconds: must be at most 3600 for an upstream of kind "mapbox" (given: 7200)',
    'grants.c.datasets: must not be empty (given: [])',
    'grants.c.datasets: must be left out: an upstream of kind "mapbox" has no datasets (given: [])',
    'grants.d.scope: must be left out: an upstream of kind "geolens" has no scopes (given: "x")',
    'grants.d.datasets.0: must be a UUID (given: "1")',
    'grants.e.datasets: must be set for an upstream of kind "geolens" (given: nothing)',
    /^grants\.f\.expiresInSeconds: must be left out: .*"oauth" sets the lifetime of its tokens itself/,
    'grants.g.account: must be set if "session" is "required": sessions of its organisation are accepted (given: nothing)',
    /^grants\.h\.session: must be "none" for a shared grant/,
    /^grants\.i\.tiles: /,
  ])
    expect(faults).toContainEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault))
})

test('U1: a secret that is written into the configuration is refused and never quoted', () => {
  const canary = 'canary-0123456789'
  const places = [
    canary,
    { kind: canary },
    { ...geog, token: canary },
    { ...geog, token: { env: canary } },
    { ...geog, token: { env: 'A', value: canary } },
    { ...geog, token: { secret: canary } },
    { ...geog, apiToken: canary },
    { ...geog, url: `https://user:${canary}@geog.example` },
    { ...geog, url: `https://geog.example?token=${canary}` },
    { ...upstreams.oauth, clientSecret: canary },
    { ...upstreams.oauth, clientSecret: [canary] },
    { ...geog, token: { env: `sk.${canary}` } },
  ]
  for (const place of places) {
    const faults = findFaults(() => parseConfig({ upstreams: { a: place } }))
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.join('\n')).not.toContain(canary)
  }
})

test('a name that no environment variable can have is refused with the rule', () => {
  const input = { upstreams: { a: { ...geog, token: { env: 'MY-TOKEN' } } } }
  expect(findFaults(() => parseConfig(input))).toEqual([
    'upstreams.a.token.env: must be the name of an environment variable: 1 to 64 letters, digits and "_", not starting with a digit (given: a string, not shown)',
  ])
})

test.each([
  ['https://o.example/token/', true],
  ['https://o.example/token?tenant=a', true],
  ['http://127.0.0.1:1/', true],
  ['http://o.example/token/', false],
  ['https://user:pass@o.example/token', false],
  ['https://o.example/token#a', false],
])('a token endpoint may have a query or a trailing slash: %s', (tokenUrl, isGood) => {
  const faults = findFaults(() =>
    parseConfig({ upstreams: { a: { ...upstreams.oauth, tokenUrl } } }),
  )
  expect(faults.length === 0).toBe(isGood)
})

test('missing secrets stop the start, and all are named', async () => {
  const start = createBroker({
    data: makeDataFolder(),
    issuer: 'https://a.example',
    env: { EMPTY: '' },
    upstreams: {
      a: { kind: 'geog', token: { env: 'MAP_API_TOKEN' } },
      b: { kind: 'mapbox', token: { env: 'EMPTY' } },
      c: { kind: 'geolens', url: 'https://g.example', token: { file: '/nowhere/secret' } },
    },
  })
  const fault = (field: string, given: string) =>
    `upstreams.${field}: must refer to a secret of one line (given: ${given})`
  await expect(start).rejects.toMatchObject({
    faults: [
      fault('a.token', 'the environment variable MAP_API_TOKEN without one'),
      fault('b.token', 'an environment variable without one'),
      fault(
        'c.token',
        'a file that does not exist; a relative path starts at the folder of the configuration',
      ),
    ],
  })
})

test.each(['AKIAIOSFODNN7EXAMPLE', 'hunter_two', 'SECRET', '_A_B', 'A__B', `A_${'B'.repeat(21)}`])(
  'what may be a secret itself is not taken for the name of a variable: %s',
  async (env) => {
    const start = createBroker({
      data: makeDataFolder(),
      issuer: 'https://a.example',
      env: {},
      upstreams: { a: { kind: 'geog', token: { env } } },
    })
    await expect(start).rejects.not.toThrow(env)
    await expect(start).rejects.toThrow('an environment variable without one')
  },
)

describe('U1: a secret in the wrong place of a configuration file is never quoted', () => {
  const canary = 'canary0123456789'
  const load = (text: string) => {
    const file = join(makeDataFolder(), 'tilepass.json')
    writeFileSync(file, text)
    return findFaults(() => loadConfig({ flags: {}, env: {}, file })).join('\n')
  }

  test.each([
    [`{ "upstreams": { "a": { "token": "${canary}" "b" } } }`],
    [canary],
    [`{ "a": ${canary} }`],
    [`{ "upstreams": "${canary}`],
  ])('with a mistake in its JSON: %s', (text) => {
    expect(load(text)).toContain('must be a readable JSON file; its JSON is invalid')
    expect(load(text)).not.toContain('canary')
  })

  test('as a number', () => {
    const a = { kind: 'login', url: 'https://l.example', username: 'x', password: 48151623 }
    expect(load(JSON.stringify({ upstreams: { a } }))).toContain('a number, not shown')
    expect(load(JSON.stringify({ upstreams: { a } }))).not.toContain('48151623')
  })

  test.each([{ env: canary }, { file: canary }])('as the name of its source: %o', (token) => {
    const faults = load(JSON.stringify({ port: 'x', upstreams: { a: { ...geog, token } } }))
    expect(faults).toContain('upstreams.a.token: must refer to a secret')
    expect(faults).not.toContain(canary)
  })
})

test('missing secrets are reported together with faults of other fields', () => {
  const file = join(makeDataFolder(), 'tilepass.json')
  const config = {
    port: -1,
    upstreams: { good: geog, there: { ...geog, token: env('THERE') }, bad: { kind: 'geog' } },
  }
  writeFileSync(file, JSON.stringify(config))
  const faults = findFaults(() => loadConfig({ flags: {}, env: { THERE: 'x' }, file }))
  for (const fault of [
    /^port: /,
    /^upstreams\.bad\.token: /,
    /^upstreams\.good\.token: must refer/,
  ])
    expect(faults).toContainEqual(expect.stringMatching(fault))
  expect(faults.join()).not.toContain('there.token')
})

test('checked settings pass a second check unchanged, as when the server starts', () => {
  const grants = {
    a: { upstream: 'geog', scope: 'tiles:read' },
    b: { upstream: 'geolens', datasets: ['2489E9AD-2EE2-4E00-8EC9-32D5F69181C0'] },
    c: { upstream: 'oauth', session: 'required', account: 'city' },
    d: { upstream: 'login', shared: false },
  }
  const parsed = parseConfig({ upstreams, grants })
  expect(parseConfig(parsed)).toEqual(parsed)
})

test('a secret file of a configuration file is relative to it', () => {
  const folder = makeDataFolder()
  mkdirSync(join(folder, 'secrets'))
  writeFileSync(join(folder, 'secrets/geog'), 'x')
  const file = join(folder, 'tilepass.json')
  const settings = { kind: 'geog', token: { file: 'secrets/geog' } }
  writeFileSync(file, JSON.stringify({ upstreams: { geog: settings } }))
  const { geog: loaded } = loadConfig({ flags: {}, env: {}, file }).upstreams
  expect(loaded).toMatchObject({ token: { file: join(folder, 'secrets/geog') } })
})

test('a parameter of an OAuth request is not taken for a secret file', () => {
  const file = join(makeDataFolder(), 'tilepass.json')
  const settings = { ...upstreams.oauth, parameters: { file: 'a/b' } }
  writeFileSync(file, JSON.stringify({ upstreams: { oauth: settings } }))
  const { oauth: loaded } = loadConfig({ flags: {}, env: {}, file }).upstreams
  expect(loaded).toMatchObject({ parameters: { file: 'a/b' } })
})

describe('sharing', () => {
  const parse = (grant: object) =>
    Object(
      parseConfig({
        upstreams: { geog },
        grants: { a: { upstream: 'geog', scope: 'x', ...grant } },
      }).grants.a,
    ).shared

  test('is the default without a session, and never happens with one', () => {
    expect(parse({})).toBe(true)
    expect(parse({ shared: false })).toBe(false)
    expect(parse({ session: 'required', account: 'city' })).toBe(false)
    expect(parse({ session: () => true })).toBe(false)
  })
})

test('a setting is not confused with an inherited member', () => {
  const faults = findFaults(() => parseConfig({ upstreams: { toString: 'a' }, constructor: 1 }))
  expect(faults).toEqual([
    'upstreams.toString: must be an object (given: a string, not shown)',
    'constructor: not a known field (given: 1)',
  ])
})

test('faults are the only way in which a configuration of upstreams can fail', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (upstream, grant) => {
      findFaults(() => parseConfig({ upstreams: { a: upstream }, grants: { a: grant } }))
      findFaults(() => parseConfig({ upstreams: upstream, grants: grant }))
    }),
  )
})
