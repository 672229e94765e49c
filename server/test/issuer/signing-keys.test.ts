import { decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { NOW, startBroker } from '../support/broker-under-test.ts'
import { openStoreOf } from '../support/store-under-test.ts'

const HOUR = 3_600_000
const readKid = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid

async function listKids(url: string): Promise<string[]> {
  const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
  return keys.map(({ kid }: { kid: string }) => kid)
}

async function start() {
  const running = await startBroker()
  const mapToken = async () => (await (await running.post('/map-token')).json()).access_token
  const rotate = async (): Promise<string> =>
    JSON.parse((await running.cli('key', 'rotate', '--json')).out).kid
  return { ...running, listKids: () => listKids(running.url), mapToken, rotate }
}

describe('T11: key rotation', () => {
  test('publishes a new key at once, and signs with it when every cached key set has expired', async () => {
    const { listKids, mapToken, rotate, clock, broker } = await start()
    const [first] = await listKids()
    const second = await rotate()
    await expect.poll(listKids).toEqual([second, first])
    clock.now = NOW + HOUR
    expect(readKid(await mapToken())).toBe(first)
    clock.now = NOW + HOUR + 60_000
    const token = await mapToken()
    expect(readKid(token)).toBe(second)
    await expect(broker.verifier.verify(token)).resolves.toBeDefined()
  })

  test('keeps the old key until the last token that it signed has expired', async () => {
    const { listKids, createToken, rotate, clock, broker, cli } = await start()
    const [first] = await listKids()
    const year = 366 * 24 * HOUR
    const second = await rotate()
    clock.now = NOW + HOUR
    const last = await createToken('tiles:read', year / 1000)
    expect(readKid(last)).toBe(first)
    clock.now = NOW + year
    await expect(broker.verifier.verify(last)).resolves.toBeDefined()
    clock.now = NOW + HOUR + 60_000 + year + 60_000
    const third = await rotate()
    await expect.poll(listKids).toEqual([third, second])
    const kept = JSON.parse((await cli('key', 'list', '--json')).out)
    expect(kept.map(({ kid, state }: { kid: string; state: string }) => [kid, state])).toEqual([
      [third, 'waiting'],
      [second, 'signing'],
    ])
  })

  test('F9: no valid token is refused during twenty rotations', async () => {
    const { mapToken, createToken, clock, broker, data, rotate } = await start()
    const early = await createToken('tiles:read', 86_400 * 30)
    for (let count = 0; count < 20; count++) {
      await rotate()
      clock.now += 2 * HOUR
      await expect(broker.verifier.verify(await mapToken())).resolves.toBeDefined()
      await expect(broker.verifier.verify(early)).resolves.toBeDefined()
    }
    const store = await openStoreOf(data)
    const { jwks } = await loadSigningKeys(store, clock.now)
    // The first key, for its API token, and those that signed within the lifetime of a session.
    expect(jwks.keys).toHaveLength(14)
    expect(jwks.keys).toContainEqual(
      expect.objectContaining({ kid: decodeProtectedHeader(early).kid }),
    )
    await store.close()
  }, 60_000)

  test('changes the algorithm, and tokens of the old key go on', async () => {
    const { data } = await start()
    const { url, broker, clock, post, createToken } = await startBroker({
      data,
      signing: { algorithm: 'ES256' },
    })
    const mapToken = async () => (await (await post('/map-token')).json()).access_token
    const readAlgorithm = (token: string) => decodeProtectedHeader(token).alg
    const [early, page] = [await createToken(), await mapToken()]
    expect([early, page].map(readAlgorithm)).toEqual(['RS256', 'RS256'])
    const admin = { authorization: `Bearer ${await createToken('admin:access')}` }
    await post('/v1/admin/keys/rotate', undefined, admin)
    await expect.poll(() => listKids(url)).toHaveLength(2)
    clock.now += 2 * HOUR
    const late = await mapToken()
    expect(readAlgorithm(late)).toBe('ES256')
    for (const token of [early, late])
      await expect(broker.verifier.verify(token)).resolves.toBeDefined()
  })

  test('by this process over HTTP is noticed as well', async () => {
    const { url, createToken, listKids } = await start()
    const headers = { authorization: `Bearer ${await createToken('admin:access')}` }
    const rotated = await fetch(`${url}/v1/admin/keys/rotate`, { method: 'POST', headers })
    const { kid } = await rotated.json()
    await expect.poll(listKids).toContain(kid)
  })
})
