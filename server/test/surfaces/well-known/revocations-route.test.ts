import { createVerifier, InvalidTokenError } from '@tilepass/guard'
import { toRevocationKey } from '@tilepass/guard/broker'
import { describe, expect, test } from 'vitest'
import { readClaims, startBroker } from '../../support/broker-under-test.ts'

/** A broker, and a guard on another server that reads its key set and its revocations. */
async function start() {
  const running = await startBroker()
  const { url, broker, clock, createToken, post } = running
  const probe = await createToken('tiles:read')
  const { iss } = readClaims(probe)
  const elsewhere = createVerifier({
    issuer: String(iss),
    audience: String(iss),
    jwks: `${url}/.well-known/jwks.json`,
    revocable: true,
    now: () => clock.now,
  })
  const exchange = async (token: string): Promise<string> => {
    const answer = await post('/v1/auth/token', {}, { authorization: `Bearer ${token}` })
    return (await answer.json()).access_token
  }
  const isGood = async (token: string) => {
    const own = await broker.verifier.verify(token).then(() => true, isInvalid)
    const other = await elsewhere.verify(token).then(() => true, isInvalid)
    return { own, other }
  }
  return { ...running, exchange, isGood }
}

function isInvalid(error: unknown): boolean {
  if (error instanceof InvalidTokenError) return false
  throw error
}

const both = (value: boolean) => ({ own: value, other: value })

describe('T16: a guard on another server', () => {
  test('refuses a revoked API token and the tokens exchanged for it', async () => {
    const { createToken, exchange, isGood, cli, clock } = await start()
    const token = await createToken('tiles:read')
    const child = await exchange(token)
    expect([await isGood(token), await isGood(child)]).toEqual([both(true), both(true)])
    await cli('token', 'revoke', String(readClaims(token).sub))
    clock.now += 5_000
    await expect.poll(() => isGood(token)).toEqual(both(false))
    expect(await isGood(child)).toEqual(both(false))
  })

  test('refuses a revoked token and its children also after the token is expired', async () => {
    const { createToken, exchange, isGood, cli, clock } = await start()
    const token = await createToken('tiles:read')
    const child = await exchange(token)
    const id = String(readClaims(token).sub)
    await cli('token', 'revoke', id)
    await cli('token', 'expire', id)
    clock.now += 5_000
    await expect.poll(() => isGood(token)).toEqual(both(false))
    expect(await isGood(child)).toEqual(both(false))
  })

  test('refuses every token of a disabled account', async () => {
    const { createToken, isGood, cli, clock, post } = await start()
    const token = await createToken('tiles:read')
    const page = (await (await post('/map-token')).json()).access_token
    await isGood(token)
    await cli('account', 'disable', 'demo')
    clock.now += 5_000
    await expect.poll(() => isGood(token)).toEqual(both(false))
    expect(await isGood(page)).toEqual(both(false))
  })
})

describe('an epoch', () => {
  test('of an account ends the tokens issued so far, but neither its API tokens nor later tokens', async () => {
    const { createToken, exchange, isGood, cli, clock, post } = await start()
    const token = await createToken('tiles:read')
    const old = [await exchange(token), (await (await post('/map-token')).json()).access_token]
    clock.now += 5_500
    expect((await cli('account', 'expire', 'demo')).out).toMatch(/^Expired/)
    clock.now += 5_000
    for (const one of old) await expect.poll(() => isGood(one)).toEqual(both(false))
    expect(await isGood(token)).toEqual(both(true))
    expect(await isGood(await exchange(token))).toEqual(both(true))
  })

  test('of an API token ends the tokens exchanged for it, and no others', async () => {
    const { createToken, exchange, isGood, cli, clock } = await start()
    const [one, other] = [await createToken('tiles:read'), await createToken('tiles:read')]
    const [ofOne, ofOther] = [await exchange(one), await exchange(other)]
    clock.now += 1_500
    await cli('token', 'expire', String(readClaims(one).sub))
    clock.now += 5_000
    await expect.poll(() => isGood(ofOne)).toEqual(both(false))
    expect([await isGood(ofOther), await isGood(one)]).toEqual([both(true), both(true)])
  })

  test('can be raised again over HTTP, and counts at once in the process that raised it', async () => {
    const { url, createToken, exchange, clock, broker } = await start()
    const headers = { authorization: `Bearer ${await createToken('admin:access')}` }
    const token = await createToken('tiles:read')
    for (let round = 0; round < 2; round++) {
      const child = await exchange(token)
      clock.now += 2_000
      const answer = await fetch(`${url}/v1/admin/accounts/demo/expire`, {
        method: 'POST',
        headers,
      })
      expect(answer.status).toBe(204)
      await expect(broker.verifier.verify(child)).rejects.toThrow(InvalidTokenError)
    }
    const absent = `${url}/v1/admin/tokens/tok_absent/expire`
    expect((await fetch(absent, { method: 'POST', headers })).status).toBe(404)
  })
})

test('the feed is public and contains no id', async () => {
  const { url, createToken, cli } = await start()
  const token = await createToken('tiles:read')
  await cli('token', 'revoke', String(readClaims(token).sub))
  await cli('account', 'expire', 'demo')
  const answer = await fetch(`${url}/.well-known/revocations.json`)
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-cache'])
  const text = await answer.text()
  expect(JSON.parse(text)).toEqual({
    cursor: expect.any(String),
    revoked: [expect.stringMatching(/^[\w-]{22}$/)],
    epochs: expect.any(Object),
  })
  expect(text).not.toMatch(/tok_|org_/)
  expect((await fetch(`${url}/.well-known/revocations.json`, { method: 'POST' })).status).toBe(405)
})

describe('since=, the cursor of an earlier answer,', () => {
  async function start() {
    const { url, createToken, cli, clock } = await startBroker()
    const read = async (query = '') => {
      clock.now += 300
      const answer = await fetch(`${url}/.well-known/revocations.json${query}`)
      expect(answer.status).toBe(200)
      return { etag: answer.headers.get('etag'), feed: await answer.json() }
    }
    const revoke = async () => {
      const { sub } = readClaims(await createToken('tiles:read'))
      await cli('token', 'revoke', String(sub))
      return toRevocationKey(String(sub))
    }
    return { read, revoke, clock }
  }

  test('gives what came after it, and some of what came before, in case that was late', async () => {
    const { read, revoke } = await start()
    const first = await revoke()
    const { cursor } = (await read()).feed
    const second = await revoke()
    const { feed } = await read(`?since=${cursor}`)
    expect(feed).toMatchObject({ since: cursor, revoked: [first, second] })
    expect(feed.cursor).not.toBe(cursor)
    expect((await read()).feed).not.toHaveProperty('since')
  })

  test.for(['r99999', 'x', '', 'r-1', 'r1&since=r1'])(
    'gives everything if it is unknown: %j',
    async (since) => {
      const { read, revoke } = await start()
      const key = await revoke()
      const { feed } = await read(`?since=${since}`)
      expect(feed).toMatchObject({ revoked: [key] })
      expect(feed).not.toHaveProperty('since')
    },
  )

  test('changes nothing while nothing was revoked, not even the ETag', async () => {
    const { read, revoke } = await start()
    await revoke()
    const before = await read()
    expect(await read()).toEqual(before)
    await revoke()
    expect((await read()).etag).not.toBe(before.etag)
  })
})
