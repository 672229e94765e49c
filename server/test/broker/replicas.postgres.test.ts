import { describe, expect, test } from 'vitest'
import type { BrokerOptions } from '../../src/index.ts'
import {
  type BrokerUnderTest,
  copyKeyedFolder,
  runCommand,
  startBroker,
} from '../support/broker-under-test.ts'

const PASSWORD = 'correct horse'
const ISSUER = 'https://maps.example'
/** Within this time every replica refuses what one of them has ended, in ms. */
const REFUSED_WITHIN = 2_000

/** Two brokers on one database, with an account that can sign in. */
async function startReplicas(options: BrokerOptions = {}) {
  const data = await copyKeyedFolder()
  const first = await startBroker({ ...options, data, issuer: ISSUER })
  const second = await startBroker({ ...options, data, issuer: ISSUER })
  await runCommand(data, ['account', 'create', 'city', '--password-stdin'], { input: PASSWORD })
  return { data, first, second }
}

const asBearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const readTile = async ({ url }: BrokerUnderTest, token: string) =>
  (await fetch(`${url}/v1/tiles/world/0/0/0.mvt`, asBearer(token))).status
const readAccount = async ({ url }: BrokerUnderTest, session: string) =>
  (await fetch(`${url}/account`, asBearer(session))).status

const tilesets = {
  world: { path: new URL('../../../examples/demo-data/world.pmtiles', import.meta.url).pathname },
}

/** Asks again and again until the answer is a refusal. @returns after how many ms */
async function timeRefusal(ask: () => Promise<number>): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const askedAt = performance.now()
    if ((await ask()) === 401) return askedAt - startedAt
    if (askedAt - startedAt > 10_000) throw new Error('it was never refused')
  }
}

describe('F7: what one replica ends, the other refuses within 2 s', () => {
  test.each([
    ['an epoch', ['account', 'expire', 'demo']],
    ['a disabled account', ['account', 'disable', 'demo', '--yes']],
  ])('%s', async (_, command) => {
    const { first, second, data } = await startReplicas({ tilesets })
    const { access_token: access } = await (await first.post('/map-token')).json()
    expect(await readTile(second, access)).toBe(200)
    // Tokens issued in the second of an epoch end with it.
    for (const { clock } of [first, second]) clock.now += 2_000
    const result = await runCommand(data, command, { now: () => first.clock.now })
    expect(result).toMatchObject({ code: 0 })
    expect(await timeRefusal(() => readTile(second, access))).toBeLessThan(REFUSED_WITHIN)
  })

  test('sessions, by a logout elsewhere', async () => {
    const { first, second } = await startReplicas()
    const { token } = await (
      await first.post('/token', { username: 'city', password: PASSWORD })
    ).json()
    expect(await readAccount(second, token)).toBe(200)
    await first.post('/logout', {}, { authorization: `Bearer ${token}` })
    expect(await timeRefusal(() => readAccount(second, token))).toBeLessThan(REFUSED_WITHIN)
  })
})

test('two replicas that rotate the keys at once make one key, which both publish and later sign with', async () => {
  const { data, first, second } = await startReplicas()
  const rotations = await Promise.all([
    runCommand(data, ['key', 'rotate', '--json']),
    runCommand(data, ['key', 'rotate', '--json']),
  ])
  const [kid, other] = rotations.map(({ out }) => JSON.parse(out).kid)
  expect(other).toBe(kid)
  const listKids = async ({ url }: BrokerUnderTest) => {
    const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
    return keys.map((key: { kid: string }) => key.kid)
  }
  const readKid = async ({ post }: BrokerUnderTest) => {
    const { access_token: token } = await (await post('/map-token')).json()
    return JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString()).kid
  }
  for (const broker of [first, second]) {
    await expect.poll(() => listKids(broker)).toContain(kid)
    expect(await listKids(broker)).toHaveLength(2)
    expect(await readKid(broker)).not.toBe(kid)
    broker.clock.now += 3_660_000
    expect(await readKid(broker)).toBe(kid)
  }
}, 60_000)

test('sign-in limits count for all replicas together', async () => {
  const { first, second } = await startReplicas({ login: { perMinute: 6 } })
  const statuses = []
  for (let attempt = 0; attempt < 8; attempt++) {
    const { post } = attempt % 2 ? first : second
    statuses.push((await post('/token', { username: 'city', password: 'wrong' })).status)
  }
  expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429, 429])
})

test('tiles a day count for all replicas together, with what one serves in 5 s as the overshoot', async () => {
  const { first, second } = await startReplicas({ tilesets, geog: { tilesPerDay: 20 } })
  const { access_token: access } = await (await first.post('/map-token')).json()
  const readAll = async (broker: BrokerUnderTest) => {
    let served = 0
    for (let tile = 0; tile < 25; tile++) if ((await readTile(broker, access)) === 200) served++
    return served
  }
  expect(await readAll(first)).toBe(20)
  await first.broker.close()
  // Its counts are in the database from then on.
  expect(await readAll(second)).toBe(0)
})
