import { describe, expect, test } from 'vitest'
import { fillRevocations, openTestStore } from '../../server/test/support/store-under-test.ts'
import { readClaims } from '../support/brokers/broker-under-test.ts'
import { postForm, startOAuthBroker } from '../support/brokers/oauth-broker.ts'

describe('introspection (RFC 7662)', () => {
  test("describes tokens of the client's organisation", async () => {
    const { introspect, exchange, subject, client } = await startOAuthBroker()
    expect(await introspect(subject)).toMatchObject({
      active: true,
      sub: client.client_id,
      scope: 'tiles:read places:read',
      token_type: 'Bearer',
    })
    const { access_token: token } = await exchange({ scope: 'tiles:read' })
    const { sub, exp, iss, aud, jti } = readClaims(token)
    expect(await introspect(token)).toMatchObject({
      active: true,
      scope: 'tiles:read',
      client_id: client.client_id,
      sub,
      exp,
      iss,
      aud,
      jti,
    })
  })

  test('says to what a token is bound, and to which tiles it is restricted (RFC 8705 §3.2)', async () => {
    const grant = { account: 'demo', scope: 'tiles:read', binding: 'cookie' } as const
    const tiles = { tilesets: ['world'], maxzoom: 4 }
    const { introspect, post } = await startOAuthBroker({ grants: { bound: { ...grant, tiles } } })
    const { access_token: token } = await (await post('/map-token', { grant: 'bound' })).json()
    const { cnf } = readClaims(token)
    expect(cnf).toEqual({ 'cookie#S256': expect.any(String) })
    expect(await introspect(token)).toMatchObject({ active: true, cnf, tiles })
  })

  test('C1: foreign, revoked and absent tokens are inactive, and nothing else is said about them', async () => {
    const { introspect, createNeighbour, createToken, cli, exchange, subject } =
      await startOAuthBroker()
    const neighbour = await createNeighbour()
    const revoked = await createToken()
    const { access_token: child } = await exchange({ subject_token: revoked })
    await cli('token', 'revoke', String(readClaims(revoked).sub))
    for (const token of [neighbour.token, revoked, child, 'x', `${subject}x`])
      expect(await introspect(token)).toEqual({ active: false })
    const { client, authentication } = neighbour
    expect(await introspect(subject, client, authentication)).toEqual({ active: false })
  })

  test('requires an authenticated client: a missing or wrong one and an access token as the secret are 401', async () => {
    const started = await startOAuthBroker()
    const token = started.subject
    const { access_token: child } = await started.exchange({})
    const basic = (id: string, secret: string) => ({
      authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`,
    })
    for (const path of ['/oauth/introspect', '/oauth/revoke'])
      for (const headers of [
        {},
        basic(started.client.client_id, 'wrong'),
        basic('tok_0', token),
        basic(String(readClaims(child).sub), child),
        { authorization: `Bearer ${token}` },
        { authorization: 'Basic !' },
      ]) {
        const answer = await postForm(started, path, { token }, headers)
        expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client'])
      }
    const both = { token, client_id: started.client.client_id, client_secret: token }
    const headers = basic(started.client.client_id, token)
    expect((await postForm(started, '/oauth/introspect', both, headers)).status).toBe(400)
    expect((await postForm(started, '/oauth/introspect', {}, headers)).body.error).toBe(
      'invalid_request',
    )
  })
})

describe('revocation (RFC 7009)', () => {
  test('ends an access token at once', async () => {
    const { exchange, revoke, introspect, broker } = await startOAuthBroker()
    const { access_token: token } = await exchange({})
    await revoke(token)
    expect(await introspect(token)).toEqual({ active: false })
    await expect(broker.verifier.verify(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('is audited: an API token by itself, access tokens as a count per minute of what they came from', async () => {
    const { exchange, revoke, createToken, cli, client, clock } = await startOAuthBroker()
    const list = async () =>
      JSON.parse((await cli('audit', '--action', 'token.revoke', '--json')).out)
    const common = { actor: client.client_id, action: 'token.revoke', address: '127.0.0.1' }
    const counted = { ...common, target: client.client_id }
    for (let count = 0; count < 30; count++) await revoke((await exchange({})).access_token)
    expect(await list()).toMatchObject([{ ...counted, count: 30 }])
    clock.now += 60_000
    await revoke((await exchange({})).access_token)
    const other = await createToken()
    await revoke(other)
    expect(await list()).toMatchObject([
      { ...common, target: readClaims(other).sub, count: 1 },
      { ...counted, count: 1 },
      { ...counted, count: 30 },
    ])
  })

  test('of more than 60 tokens a minute is 503 with Retry-After, for this client alone', async () => {
    const started = await startOAuthBroker()
    const { exchange, revoke, createNeighbour, broker, client, subject } = started
    const { access_token: token } = await exchange({})
    for (let count = 0; count < 60; count += 1) await revoke('x')
    const form = { token, client_id: client.client_id, client_secret: subject }
    const { status, headers, body } = await postForm(started, '/oauth/revoke', form)
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    await expect(broker.verifier.verify(token)).resolves.toBeDefined()
    const neighbour = await createNeighbour()
    await revoke('x', neighbour.client, neighbour.authentication)
  })

  test('ends an API token and the tokens exchanged for it', async () => {
    const { exchange, revoke, createToken, broker } = await startOAuthBroker()
    const other = await createToken()
    const { access_token: child } = await exchange({ subject_token: other })
    await revoke(other)
    for (const token of [other, child])
      await expect(broker.verifier.verify(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
    await expect(exchange({ subject_token: other })).rejects.toMatchObject({ status: 400 })
  })

  test('of an API token adds nothing to a list of revocations that is too long for guards', async () => {
    const started = await startOAuthBroker()
    const { exchange, revoke, createToken, broker, client, subject, data } = started
    const other = await createToken()
    const { access_token: child } = await exchange({})
    const store = await openTestStore(data)
    await fillRevocations(store, 30_000)
    const form = { token: other, client_id: client.client_id, client_secret: subject }
    const { status, body } = await postForm(started, '/oauth/revoke', form)
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
    await expect(broker.verifier.verify(other)).resolves.toBeDefined()
    await revoke(child)
    await expect(broker.verifier.verify(child)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('a token of another organisation and a malformed token are 200, and nothing changes', async () => {
    const { revoke, createNeighbour, subject, broker } = await startOAuthBroker()
    const { client, authentication } = await createNeighbour()
    await revoke(subject, client, authentication)
    await revoke('x')
    expect((await broker.verifier.verify(subject)).sub).toBe(readClaims(subject).sub)
  })
})
