import { describe, expect, test } from 'vitest'
import {
  type BrokerUnderTest,
  runCommand,
  startBroker,
} from '../support/brokers/broker-under-test.ts'
import { BEARER_MESSAGE, PASSWORD } from '../support/brokers/login-broker.ts'

describe('grants that require a session', () => {
  const city = { account: 'city', scope: 'tiles:read' }
  const startWithGrant = async (grant: object, more: object = {}) => {
    const first = await startBroker()
    const args = ['account', 'create', 'city', '--password-stdin']
    await runCommand(first.data, args, { input: PASSWORD })
    await first.cli('account', 'create', 'other')
    await first.broker.close()
    const running = await startBroker({
      data: first.data,
      grants: { page: grant as never },
      ...more,
    })
    const session = async (): Promise<string> =>
      (await (await running.post('/token', { username: 'city', password: PASSWORD })).json()).token
    const ask = (headers: Record<string, string> = {}) =>
      running.post('/map-token', { grant: 'page' }, headers)
    return { ...running, session, ask }
  }

  test('"required" accepts only a current session of the account', async () => {
    const { ask, session, post, createToken } = await startWithGrant({
      ...city,
      session: 'required',
    })
    const refused = await ask()
    expect(await refused.json()).toEqual({
      error: 'session_required',
      error_description: BEARER_MESSAGE,
    })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await ask({ authorization: `Bearer ${await createToken()}` })).status).toBe(401)
    const authorization = `Bearer ${await session()}`
    expect((await ask({ authorization })).status).toBe(200)
    await post('/logout', undefined, { authorization })
    expect((await ask({ authorization })).status).toBe(401)
  })

  test('a session of another organisation is 403; the origin is checked first', async () => {
    const grant = { account: 'other', scope: 'tiles:read', session: 'required' }
    const { ask, session } = await startWithGrant(grant)
    const authorization = `Bearer ${await session()}`
    expect((await (await ask({ authorization })).json()).error).toBe('session_not_allowed')
    const foreign = await ask({ authorization, origin: 'https://evil.example' })
    expect([foreign.status, (await foreign.json()).error]).toEqual([403, 'origin_not_allowed'])
  })

  test('a function decides about each request', async () => {
    const { ask } = await startWithGrant({
      ...city,
      session: async (request: { headers: Record<string, unknown> }) =>
        request.headers['x-user'] === 'ada',
    })
    const refused = await ask()
    expect(refused.status).toBe(401)
    expect(await refused.json()).toEqual({
      error: 'session_required',
      error_description: 'The session function of this grant did not return true',
    })
    expect((await ask({ 'x-user': 'ada' })).status).toBe(200)
  })

  test('mapTokenPerMinute limits a session over all the addresses that it uses', async () => {
    const { ask, session } = await startWithGrant(
      { ...city, session: 'required' },
      { mapTokenPerMinute: 3, trustProxy: ['127.0.0.1'] },
    )
    const authorization = `Bearer ${await session()}`
    const statuses: number[] = []
    for (const last of [1, 2, 3, 4])
      statuses.push((await ask({ authorization, 'x-forwarded-for': `192.0.2.${last}` })).status)
    expect(statuses).toEqual([200, 200, 200, 429])
  })
})

describe('L4: the address of a client', () => {
  const ask = ({ post }: BrokerUnderTest, forwarded: string) =>
    post('/map-token', undefined, { 'x-forwarded-for': forwarded })
  const askAll = async (running: BrokerUnderTest, addresses: string[]) => {
    const statuses: number[] = []
    for (const address of addresses) statuses.push((await ask(running, address)).status)
    return statuses
  }

  test('cannot be chosen by the client without trustProxy', async () => {
    const running = await startBroker({ mapTokenPerMinute: 2 })
    expect(await askAll(running, ['192.0.2.1', '192.0.2.2', '192.0.2.3'])).toEqual([200, 200, 429])
  })

  test('comes from a trusted proxy, and is an IPv4 address or an IPv6 network', async () => {
    const running = await startBroker({ mapTokenPerMinute: 1, trustProxy: ['127.0.0.0/8'] })
    const addresses = ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.2']
    expect(await askAll(running, addresses)).toEqual([200, 429, 429, 200])
    const networks = ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:1::1']
    expect(await askAll(running, networks)).toEqual([200, 429, 200])
    // Only the last entry comes from the proxy; the entries before it come from the client.
    expect(await askAll(running, ['198.51.100.9, 192.0.2.1'])).toEqual([429])
  })

  test.each(['proxy.example', '10.0.0.0/33', '*', ''])(
    'trustProxy: "%s" stops the start',
    async (proxy) => {
      await expect(startBroker({ trustProxy: [proxy] })).rejects.toThrow('trustProxy.0: must be')
    },
  )
})
