import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeDataFolder, runCommand } from '../support/broker-under-test.ts'
import {
  EARTH,
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

const ID = '11111111-1111-4111-8111-111111111111'
let api: SecondBroker
let token: string

beforeAll(async () => {
  api = await startSecondBroker({ datasets: { one: { id: ID, path: EARTH, account: 'city' } } })
  token = await api.cli('token', 'create', '--account', 'city', '--scope', 'tiles:read')
})

const check = (config: object, args: readonly string[] = [], env: Record<string, string> = {}) => {
  const data = makeDataFolder()
  const file = join(data, 'tilepass.json')
  writeFileSync(file, JSON.stringify(config))
  return runCommand(data, ['upstream', 'check', ...args, '--config', file], {
    env: { TOKEN: token, ...env },
    now: () => Date.now(),
  })
}

const config = () => ({
  upstreams: {
    geog: { kind: 'geog', url: api.url, token: { env: 'TOKEN' } },
    geolens: { kind: 'geolens', url: api.url, apiKey: { env: 'TOKEN' } },
    idle: { kind: 'geog', token: { env: 'TOKEN' } },
  },
  grants: {
    tiles: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60 },
    places: { upstream: 'geog', scope: 'places:read' },
    rasters: { upstream: 'geolens', datasets: [ID] },
  },
})

describe('upstream check', () => {
  test('reports each grant in a line, and fails if one gets no token', async () => {
    const { code, out, error } = await check(config())
    const lines = out.trim().split('\n')
    expect(lines.map((line) => line.replace(/\d+ ms/, '0 ms').replace(/ {2,}/g, ' | '))).toEqual([
      'UPSTREAM | GRANT | RESULT | TIME | ANSWER',
      expect.stringMatching(/^geog \| tiles \| ok \| 0 ms \| a token for 5\d s, tiles:read$/),
      'geog | places | FAILED | 0 ms | returned 403 invalid_scope',
      expect.stringMatching(
        /^geolens \| rasters \| ok \| 0 ms \| dataset 1.*: a token for 1[12]\d s, dataset:/,
      ),
      'idle | - | unused | - | no grant uses it',
    ])
    expect([code, error]).toEqual([
      1,
      '1 of 3 requests gave no token. No grant uses "idle", so it was not checked.\n',
    ])
  })

  test('requests a token without a grant if the kind allows it, and fails otherwise', async () => {
    const upstreams = {
      idle: { kind: 'geog', url: api.url, token: { env: 'TOKEN' } },
      oauth: {
        kind: 'oauth',
        tokenUrl: `${api.url}/oauth/token`,
        subjectToken: { env: 'TOKEN' },
      },
    }
    const both = await check({ upstreams })
    expect(both.out).toMatch(/^oauth +- +ok /m)
    expect([both.code, both.error]).toEqual([1, 'No grant uses "idle", so it was not checked.\n'])
    expect((await check({ upstreams }, ['oauth'])).code).toBe(0)
  })

  test('prints JSON for machines, and never a token', async () => {
    const { code, out } = await check(config(), ['geolens', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual([
      {
        upstream: 'geolens',
        grant: 'rasters',
        dataset: ID,
        ok: true,
        scope: `dataset:${ID}`,
        expires_in: expect.any(Number),
        milliseconds: expect.any(Number),
      },
    ])
    expect(out).not.toMatch(/ey[\w-]{10,}\./)
  })

  test('reports a refused credential without quoting it', async () => {
    const { out, error } = await check(config(), ['geog'], { TOKEN: 'canary-0123456789' })
    expect(out).toContain('returned 401 unauthorized')
    expect(out + error).not.toContain('canary')
  })

  test.each([
    [
      'an upstream that is not configured',
      ['nowhere'],
      1,
      'The configuration has no upstream "nowhere"',
    ],
    ['a missing secret', ['geog'], 2, 'upstreams.geog.token: must refer to a secret'],
  ])('of %s says what to do', async (_, args, code, message) => {
    const result = await check(config(), args, args[0] === 'geog' ? { TOKEN: '' } : {})
    expect([result.code, result.error]).toEqual([code, expect.stringContaining(message)])
  })

  test('without any upstream names the missing option', async () => {
    const { code, error } = await check({})
    expect([code, error]).toEqual([1, expect.stringContaining('--config')])
  })
})

test('the configurations of the examples are valid', async () => {
  for (const name of ['geog', 'mapbox', 'geolens', 'oauth']) {
    const file = new URL(`../../../examples/upstreams/${name}/tilepass.json`, import.meta.url)
    const { upstreams, grants } = JSON.parse(readFileSync(file, 'utf8'))
    const result = await check({ upstreams, grants }, ['nowhere'])
    expect(result.error).toContain('The configuration has no upstream "nowhere"')
  }
})
