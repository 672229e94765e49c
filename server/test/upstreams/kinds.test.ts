import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { parseConfig } from '../../src/config/parse.ts'
import { checkUpstreams } from '../../src/grants/check-upstreams.ts'
import { createRelayedTokens } from '../../src/grants/relayed-tokens.ts'
import type { UpstreamKind } from '../../src/upstreams/kind.ts'
import { UPSTREAM_KINDS } from '../../src/upstreams/kinds.ts'
import { openUpstreams } from '../../src/upstreams/open-upstreams.ts'
import { readHeaderSecret } from '../../src/upstreams/secret.ts'
import { secretSchema } from '../../src/upstreams/secret-source.ts'
import { timeoutSeconds } from '../../src/upstreams/timeout.ts'
import { QUOTABLE_URL, upstreamUrl } from '../../src/upstreams/url.ts'
import { findFaults } from '../support/faults.ts'

const schema = z.strictObject({
  kind: z.literal('atlas'),
  url: upstreamUrl,
  region: z.enum(['north', 'south']).default('north'),
  password: secretSchema,
  timeoutSeconds,
})

/** A kind that only this test knows: its API takes a region and returns a token for it. */
const atlas: UpstreamKind<typeof schema, 'password'> = {
  name: 'atlas',
  schema,
  secrets: { password: 'credential' },
  quotable: { url: QUOTABLE_URL, region: /^[a-z]{1,8}$/ },
  grantFields: {
    scope: { forbidden: 'has regions in place of scopes' },
    expiresInSeconds: 'optional',
    datasets: { forbidden: 'has no datasets' },
  },
  maxLifetimeSeconds: 300,
  open: ({ url, region }, { password }) => {
    return async ({ expiresInSeconds = 300 }, send) => {
      const headers = { 'x-password': await readHeaderSecret(password) }
      const { value } = await send(`${url}/tokens`, { headers, json: { region } })
      return { token: value, expiresInSeconds }
    }
  },
}
const KINDS = [...UPSTREAM_KINDS, atlas]

const CANARY = 'canary-0123456789'
const NOW = 1_800_000_000_000
const surroundings = (env: Record<string, string> = { PASSWORD: CANARY }) => ({
  env,
  now: () => NOW,
  logger: pino({ level: 'silent' }),
})
const settings = { kind: 'atlas', url: 'https://atlas.example', password: { env: 'PASSWORD' } }

/** The API: numbers its tokens, or echoes the password in place of one. */
async function startAtlas(isEcho = false) {
  const requests: { headers: IncomingHttpHeaders; body: unknown }[] = []
  const server = createServer(async (request, response) => {
    const { headers } = request
    requests.push({ headers, body: JSON.parse(await text(request)) })
    const value = isEcho ? headers['x-password'] : `token-${requests.length}`
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

function open(url: string) {
  const config = parseConfig(
    {
      upstreams: { atlas: { ...settings, url, region: 'south' } },
      grants: { default: { upstream: 'atlas', expiresInSeconds: 60 } },
    },
    KINDS,
  )
  const upstreams = openUpstreams(config.upstreams, surroundings(), KINDS)
  onTestFinished(() => upstreams.close())
  return { ...upstreams, config }
}

describe('a kind is added by its descriptor alone:', () => {
  test('its settings are checked by its schema, and its defaults filled in', () => {
    const { upstreams } = parseConfig({ upstreams: { atlas: settings } }, KINDS)
    expect(upstreams).toEqual({ atlas: { ...settings, region: 'north', timeoutSeconds: 8 } })
    const bad = { ...settings, url: 'http://atlas.example', region: 'west', colour: 'red' }
    expect(findFaults(() => parseConfig({ upstreams: { atlas: bad } }, KINDS))).toEqual([
      expect.stringMatching(/^upstreams\.atlas\.url: .* \(given: "http:\/\/atlas\.example"\)$/),
      'upstreams.atlas.region: must be "north" or "south" (given: "west")',
      'upstreams.atlas.colour: not a known field (given: a string, not shown)',
    ])
  })

  test('a list without it refuses its name', () => {
    expect(findFaults(() => parseConfig({ upstreams: { atlas: settings } }))).toEqual([
      'upstreams.atlas.kind: must be "geog", "mapbox", "geolens", "login" or "oauth"; in code, a function can be given in place of the settings (given: "atlas")',
    ])
    expect(findFaults(() => parseConfig({ upstreams: { a: { kind: 'x' } } }, KINDS))).toEqual([
      expect.stringMatching(/^upstreams\.a\.kind: must be .*"oauth" or "atlas"/),
    ])
  })

  test('a missing secret is named', () => {
    const { upstreams } = parseConfig({ upstreams: { atlas: settings } }, KINDS)
    expect(findFaults(() => openUpstreams(upstreams, surroundings({}), KINDS))).toEqual([
      'upstreams.atlas.password: must refer to a secret of one line (given: an environment variable without one)',
    ])
  })

  test('its secret is never quoted in a fault', () => {
    const places = [
      { ...settings, password: CANARY },
      { ...settings, password: { env: CANARY } },
      { ...settings, password: { secret: CANARY } },
      { ...settings, region: CANARY },
      { ...settings, url: `https://user:${CANARY}@atlas.example` },
      { ...settings, [CANARY.slice(0, 6)]: CANARY },
    ]
    for (const place of places) {
      const faults = findFaults(() => parseConfig({ upstreams: { atlas: place } }, KINDS))
      expect(faults.length).toBeGreaterThan(0)
      expect(faults.join('\n')).not.toContain(CANARY)
    }
  })

  test('fields of a grant that it forbids are refused with the reason, and so are longer lifetimes', () => {
    const grants = {
      a: { upstream: 'atlas', scope: 'x' },
      b: { upstream: 'atlas', datasets: ['11111111-1111-4111-8111-111111111111'] },
      c: { upstream: 'atlas', expiresInSeconds: 301 },
      d: { upstream: 'atlas', expiresInSeconds: 300 },
    }
    expect(
      findFaults(() => parseConfig({ upstreams: { atlas: settings }, grants }, KINDS)),
    ).toEqual([
      'grants.a.scope: must be left out: an upstream of kind "atlas" has regions in place of scopes (given: "x")',
      'grants.b.datasets: must be left out: an upstream of kind "atlas" has no datasets (given: ["11111111-1111-4111-8111-111111111111"])',
      'grants.c.expiresInSeconds: must be at most 300 for an upstream of kind "atlas" (given: 301)',
    ])
  })

  test('a token is relayed, and shared', async () => {
    const api = await startAtlas()
    const { clients, config } = open(api.url)
    const tokens = createRelayedTokens(clients, () => NOW)
    const grant = config.grants.default
    if (grant?.kind !== 'relayed') throw new Error('the grant is not a relayed one')
    const request = { dataset: undefined, session: undefined }
    const named = { ...grant, name: 'default' }
    const [one, two] = [await tokens.obtain(named, request), await tokens.obtain(named, request)]
    expect(one).toMatchObject({ token: 'token-1', expiresAt: NOW + 60_000 })
    expect(two.token).toBe('token-1')
    expect(api.requests).toEqual([
      { headers: expect.objectContaining({ 'x-password': CANARY }), body: { region: 'south' } },
    ])
  })

  test('a response that echoes its credential is not relayed', async () => {
    const { clients } = open((await startAtlas(true)).url)
    const results = await checkUpstreams(clients, [], () => NOW)
    expect(results).toMatchObject([{ isGood: false, reason: 'response echoed the credential' }])
    expect(JSON.stringify(results)).not.toContain(CANARY)
  })

  test('"upstream check" requests a token without a grant, because it requires no field of one', async () => {
    const { clients } = open((await startAtlas()).url)
    expect(await checkUpstreams(clients, [], () => NOW)).toMatchObject([
      { upstream: 'atlas', grant: undefined, isGood: true, expiresInSeconds: 300 },
    ])
  })
})

test.each([
  ['geog', true],
  ['mapbox', true],
  ['geolens', true],
  ['login', false],
  ['oauth', false],
])('every request to an upstream of kind %s needs a grant: %s', async (name, expected) => {
  const env = { env: 'PASSWORD' }
  const all = {
    geog: { kind: 'geog', token: env },
    mapbox: { kind: 'mapbox', token: env },
    geolens: { kind: 'geolens', url: 'https://g.example', apiKey: env },
    login: { kind: 'login', url: 'https://l.example', username: 'x', password: env },
    oauth: { kind: 'oauth', tokenUrl: 'https://o.example', subjectToken: env },
  }
  const { clients, close } = openUpstreams(
    parseConfig({ upstreams: all }).upstreams,
    surroundings(),
  )
  onTestFinished(() => close())
  expect(clients.get(name)?.needsGrant).toBe(expected)
})
