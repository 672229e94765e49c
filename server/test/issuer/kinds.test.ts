import { describe, expect, test } from 'vitest'
import { findTokenKind, TOKEN_KINDS } from '../../src/issuer/kinds.ts'
import { createMint } from '../../src/issuer/mint.ts'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { NOW, readClaims, startBroker } from '../support/broker-under-test.ts'
import { openStoreOf } from '../support/store-under-test.ts'

const seconds = NOW / 1000

/** A broker, and a function that signs anything with its key. */
async function startForger() {
  const running = await startBroker()
  const store = await openStoreOf(running.data)
  const mint = createMint({ url: running.url, keys: await loadSigningKeys(store, NOW) })
  await store.close()
  const good = await running.createToken()
  const content = {
    sub: String(readClaims(good).sub),
    org_id: String(readClaims(good).org_id),
    token_type: 'api_token',
    scope: 'tiles:read',
    iat: seconds,
    exp: seconds + 60,
  }
  const exchange = async (token: string) =>
    (await running.post('/v1/auth/token', {}, { authorization: `Bearer ${token}` })).status
  const tiles = (token: string) =>
    running.broker.verifier.verify(token).then(
      () => 200,
      (error) => error.status,
    )
  return { mint, content, good, exchange, tiles, post: running.post }
}

describe('T8: kinds × endpoints', () => {
  test('an API token exchanges and reads tiles; an access token only reads tiles', async () => {
    const { good, exchange, tiles, post } = await startForger()
    const access = (await (await post('/map-token')).json()).access_token
    expect([await exchange(good), await tiles(good)]).toEqual([200, 200])
    expect([await exchange(access), await tiles(access)]).toEqual([401, 200])
  })

  test('a genuine token whose claims contradict its kind is refused', async () => {
    const { mint, content, exchange, tiles } = await startForger()
    const misfits = [
      { ...content, sub: 'usr_1' },
      { ...content, sub: 'tok_short_1' },
      { ...content, parent: 'tok_0' },
      { ...content, sub: 'tok_short_1', parent: 'tok_0', exp: seconds + 14_401 },
    ]
    for (const misfit of misfits) {
      const token = await mint(misfit)
      expect([await exchange(token), await tiles(token)]).toEqual([401, 401])
    }
  })

  test('an API token that is not in the registry, or of another account, is not exchanged', async () => {
    const { mint, content, exchange } = await startForger()
    expect(await exchange(await mint(content))).toBe(200)
    expect(await exchange(await mint({ ...content, sub: 'tok_unknown' }))).toBe(401)
    expect(await exchange(await mint({ ...content, org_id: 'org_other' }))).toBe(401)
  })
})

test('every kind is recognised by its own prefix', () => {
  for (const kind of TOKEN_KINDS) {
    const claims = {
      iss: 'i',
      aud: 'a',
      sub: `${kind.prefix}1`,
      jti: 'j',
      iat: 0,
      exp: 1,
      scope: '',
      token_type: kind.tokenType,
      ...(kind.hasParent ? { parent: 'p' } : {}),
    }
    expect(findTokenKind(claims)).toBe(kind)
    expect(findTokenKind({ ...claims, token_type: 'other' })).toBeUndefined()
  }
})

test('T9: ids have 128 random bits', async () => {
  const { good } = await startForger()
  expect(readClaims(good).sub).toMatch(/^tok_[0-9a-f]{32}$/)
})
