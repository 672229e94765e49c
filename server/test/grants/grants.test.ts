import { describe, expect, test } from 'vitest'
import type { BrokerOptions, Upstream } from '../../src/index.ts'
import { startBroker } from '../support/broker-under-test.ts'

const IDS = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-22222222222a']

/** Returns the dataset as the token, and lifetimes that are not whole seconds. */
const echo: Upstream = async ({ dataset }) => ({ token: `of-${dataset}`, expiresInSeconds: 60.7 })

async function start(grants: NonNullable<BrokerOptions['grants']>) {
  const broker = await startBroker({ upstreams: { echo }, grants })
  const ask = async (body: object) => {
    const response = await broker.post('/map-token', body)
    return { status: response.status, body: await response.json() }
  }
  return { ...broker, ask }
}

test('both kinds of grant give the same members; only a known scope is among them', async () => {
  const { ask } = await start({ relayed: { upstream: 'echo' } })
  const issued = await ask({ grant: 'default' })
  const relayed = await ask({ grant: 'relayed' })
  const members = ['access_token', 'token_type', 'expires_in', 'expires_at']
  expect(Object.keys(issued.body)).toEqual([...members, 'scope'])
  expect(Object.keys(relayed.body)).toEqual(members)
})

test('what is left of a relayed token is rounded down, as an instant and as a lifetime', async () => {
  const { ask, clock } = await start({ relayed: { upstream: 'echo', shared: false } })
  clock.now += 400
  expect((await ask({ grant: 'relayed' })).body).toMatchObject({
    expires_in: 60,
    expires_at: new Date(clock.now + 60_600).toISOString().replace('.000Z', 'Z'),
  })
})

describe('the dataset that a page names', () => {
  test('is ignored by a grant of this issuer', async () => {
    const { ask } = await start({})
    expect((await ask({ grant: 'default', dataset: 1 })).status).toBe(200)
  })

  test.each<[unknown, number, string]>([
    [IDS[1]?.toUpperCase(), 200, `of-${IDS[1]}`],
    [undefined, 400, 'invalid_request'],
    [1, 400, 'invalid_request'],
    [null, 400, 'invalid_request'],
    ['x', 404, 'unknown_dataset'],
    ['', 404, 'unknown_dataset'],
  ])('must be one of a relayed grant: %j', async (dataset, status, result) => {
    const { ask } = await start({ relayed: { upstream: 'echo', datasets: IDS } })
    const { body, ...response } = await ask({ grant: 'relayed', dataset })
    expect([response.status, body.access_token ?? body.error]).toEqual([status, result])
  })

  test('must be a string even for a relayed grant without datasets', async () => {
    const { ask } = await start({ relayed: { upstream: 'echo' } })
    expect((await ask({ grant: 'relayed', dataset: 1 })).status).toBe(400)
    expect((await ask({ grant: 'relayed', dataset: 'x' })).body.access_token).toBe('of-undefined')
  })
})

test.each([
  ['issued', { account: 'demo', scope: 'tiles:read' }],
  ['relayed', { upstream: 'echo', account: 'demo', datasets: IDS }],
])(
  'a disabled account ends %s grants, whatever else is wrong with the request',
  async (_, grant) => {
    const { ask, cli } = await start({ g: grant })
    await cli('account', 'disable', 'demo')
    const code = async () => (await ask({ grant: 'g', dataset: 1 })).body.error
    await expect.poll(code, { timeout: 10_000 }).toBe('account_disabled')
  },
)

test.each(['kind', 'binding', 'tokenCookie', 'tiles'])(
  'a relayed grant that is written with "%s" is refused',
  async (field) => {
    const grant = { upstream: 'echo', [field]: 'none' }
    await expect(start({ g: grant })).rejects.toThrow(`grants.g.${field}: not a known field`)
  },
)
