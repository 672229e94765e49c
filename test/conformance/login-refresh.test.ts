import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readClaims } from '../support/brokers/broker-under-test.ts'
import { readRefusal, startLoginBroker, type Tokens } from '../support/brokers/login-broker.ts'

describe('refresh', () => {
  test('both paths answer in the same form, with a new refresh token', async () => {
    const { getTokens, refresh, post } = await startLoginBroker()
    const first = await getTokens()
    const second = await (await refresh(first.refresh_token)).json()
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })
    expect(second.refresh_token).not.toBe(first.refresh_token)
    const third = await post('/token/refresh', { refresh_token: second.refresh_token })
    expect(third.status).toBe(200)
    expect((await post('/token/refresh', {})).status).toBe(400)
  })

  test('L3: of 200 concurrent refreshes one wins, and its family continues', async () => {
    const { getTokens, refresh, clock, readAccount } = await startLoginBroker()
    const { refresh_token: spent } = await getTokens()
    const answers = await Promise.all(Array.from({ length: 200 }, () => refresh(spent)))
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(199)
    const winner: Tokens = await winners[0]?.json()
    expect((await readAccount(winner.token)).status).toBe(200)
    const next: Tokens = await (await refresh(winner.refresh_token)).json()
    expect((await readAccount(next.token)).status).toBe(200)

    clock.now += 11_000
    expect((await refresh(winner.refresh_token)).status).toBe(401)
    expect((await refresh(next.refresh_token)).status).toBe(401)
    expect((await readAccount(next.token)).status).toBe(401)
  }, 30_000)

  test('L3: a replay within the grace period is only refused; a later replay ends the family', async () => {
    const { getTokens, refresh, clock } = await startLoginBroker()
    const { refresh_token: spent } = await getTokens()
    const next: Tokens = await (await refresh(spent)).json()
    clock.now += 10_000
    expect(await readRefusal(await refresh(spent))).toEqual([401, 'invalid_refresh_token'])
    const last: Tokens = await (await refresh(next.refresh_token)).json()
    expect(last.refresh_token).toBeTypeOf('string')
    // A token two generations old cannot be a retry, however early it comes.
    expect((await refresh(spent)).status).toBe(401)
    expect((await refresh(last.refresh_token)).status).toBe(401)
  })

  test('only a client that repeats its Idempotency-Key gets a lost answer again', async () => {
    const { getTokens, refresh, clock } = await startLoginBroker()
    const { refresh_token: spent } = await getTokens()
    const key = { 'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324' }
    const lost: Tokens = await (await refresh(spent, key)).json()
    clock.now += 5_000
    const again: Tokens = await (await refresh(spent, key)).json()
    expect(again.refresh_token).toBe(lost.refresh_token)
    expect((await refresh(spent, { 'idempotency-key': 'other' })).status).toBe(401)
    expect((await refresh(again.refresh_token)).status).toBe(200)
    expect((await refresh(spent, key)).status).toBe(401)
  })

  test('L3: refreshing does not extend the lifetime of the family', async () => {
    const { getTokens, refresh, clock } = await startLoginBroker({
      login: { refreshSeconds: 7200 },
    })
    let { refresh_token: current } = await getTokens()
    clock.now += 5_400_000
    const late = await (await refresh(current)).json()
    expect(late.expires_in).toBe(1800)
    current = late.refresh_token
    clock.now += 1_800_000
    expect((await refresh(current)).status).toBe(401)
  })

  test('only refresh tokens of this issuer are accepted', async () => {
    const { getTokens, refresh, createToken, url, clock } = await startLoginBroker()
    const good = await getTokens()
    const [head = '', body = '', signature = ''] = good.refresh_token.split('.')
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const sign = (text: string, secret: string) =>
      `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json()
    const claims = readClaims(good.refresh_token)
    const bad = [
      'x',
      good.token,
      await createToken(),
      `${good.refresh_token}=`,
      `${head}.${body}.`,
      `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
      `${encode({ alg: 'HS256', typ: 'JWT', kid: 'x' })}.${body}.${signature}`,
      `${head}.${encode({ ...claims, generation: 1 })}.${signature}`,
      sign(`${head}.${body}`, ''),
      sign(`${head}.${body}`, JSON.stringify(keys[0])),
      sign(`${head}.${body}`, keys[0].n),
    ]
    for (const token of bad)
      expect(await readRefusal(await refresh(token)), token).toEqual([401, 'invalid_refresh_token'])
    clock.now += 1_000
    expect((await refresh(good.refresh_token)).status).toBe(200)
  })

  test('a disabled account cannot refresh, and its sessions end', async () => {
    const { getTokens, refresh, readAccount, cli, signIn } = await startLoginBroker()
    const tokens = await getTokens()
    await cli('account', 'disable', 'city')
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    expect((await readAccount(tokens.token)).status).toBe(401)
    expect(await readRefusal(await signIn())).toEqual([401, 'invalid_credentials'])
  })
})
