import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readClaims } from '../support/broker-under-test.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  EARTH,
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

const ONE = '11111111-1111-4111-8111-111111111111'
const TWO = '22222222-2222-4222-8222-22222222222a'
const OTHER = '33333333-3333-4333-8333-333333333333'
const dataset = (id: string) => ({ id, path: EARTH, account: 'city' })

let geolens: SecondBroker
let key: string

beforeAll(async () => {
  geolens = await startSecondBroker({
    // startSecondBroker creates the account of the datasets before the first start.
    datasets: { one: dataset(ONE), two: dataset(TWO), other: dataset(OTHER) },
  })
  key = await geolens.cli('token', 'create', '--account', 'city', '--scope', 'tiles:read')
})

const relay = (field: 'apiKey' | 'token' = 'apiKey', url = geolens.url) =>
  startRelay({
    upstreams: {
      geolens: { kind: 'geolens', url, [field]: writeSecret(key).source },
    },
    grants: {
      both: { upstream: 'geolens', datasets: [ONE, TWO] },
      one: { upstream: 'geolens', datasets: [ONE] },
      gone: { upstream: 'geolens', datasets: ['44444444-4444-4444-8444-444444444444'] },
    },
  })

describe('a page', () => {
  test.each(['apiKey', 'token'] as const)(
    'gets a token of the dataset that it names, with the credential as %s',
    async (field) => {
      const { ask } = await relay(field)
      const body = await (await ask('both', { dataset: TWO.toUpperCase() })).json()
      expect(body).toMatchObject({ token_type: 'Bearer', scope: `dataset:${TWO}` })
      expect(body.expires_in).toBeGreaterThan(100)
      expect(body.expires_in).toBeLessThanOrEqual(120)
      expect(readClaims(body.access_token)).toMatchObject({ typ: 'download' })
      const download = (id: string) =>
        fetch(`${geolens.url}/datasets/${id}/download/cog?token=${body.access_token}`, {
          method: 'HEAD',
        })
      expect((await download(TWO)).status).toBe(200)
      expect((await download(ONE)).status).toBe(401)
    },
  )

  test('may leave out the only dataset', async () => {
    const { ask } = await relay()
    expect(await (await ask('one')).json()).toMatchObject({ scope: `dataset:${ONE}` })
  })

  test('gets no token of a dataset that the grant does not list', async () => {
    const { ask } = await relay()
    for (const name of [OTHER, 'x', '../../../token', ''])
      expect((await ask('both', { dataset: name })).status).toBe(404)
    expect((await ask('both')).status).toBe(400)
    expect((await ask('both', { dataset: 1 })).status).toBe(400)
  })

  test('shares the token of its dataset with other pages, and no token of another dataset', async () => {
    const { ask } = await relay()
    const get = async (name: string) =>
      (await (await ask('both', { dataset: name })).json()).access_token
    const [one, again, two] = await Promise.all([get(ONE), get(ONE), get(TWO)])
    expect(one).toBe(again)
    expect(one).not.toBe(two)
  })
})

test('a missing dataset is an error for the operator, and other datasets are served', async () => {
  const { ask, logged } = await relay()
  expect((await ask('gone')).status).toBe(502)
  expect(logged()).toContain('returned 404')
  expect((await ask('one')).status).toBe(200)
})

test('a token that states a longer lifetime than GeoLens gives is not relayed', async () => {
  const proxy = await startFaultProxy(() => geolens.url)
  onTestFinished(() => proxy.close())
  const claims = {
    typ: 'download',
    scope: `dataset:${ONE}`,
    exp: Math.floor(Date.now() / 1000) + 600,
  }
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  proxy.change = (body) => ({ ...body, token })
  const { ask, logged } = await relay('apiKey', proxy.url)
  expect((await ask('one')).status).toBe(502)
  expect(logged()).toContain('token lasts longer than requested')
})
