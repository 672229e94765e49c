import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BrokerOptions, Upstream } from '../../src/index.ts'
import { runCommand, startBroker } from '../support/broker-under-test.ts'
import { startRelay } from '../support/relay-under-test.ts'

/** An API of no known kind, which numbers its tokens. */
async function startNumbers() {
  let count = 0
  const bodies: unknown[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    bodies.push(JSON.parse(text))
    count += 1
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ value: `number-${count}`, seconds: 60 }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, count: () => count, bodies }
}

async function startCustom(grant: object) {
  const numbers = await startNumbers()
  const custom: Upstream = async ({ scope, expiresInSeconds }, send) => {
    const { value, seconds } = await send(numbers.url, { json: { scope, expiresInSeconds } })
    return { token: value, expiresInSeconds: seconds }
  }
  const options: BrokerOptions = {
    upstreams: { custom },
    grants: { relayed: { upstream: 'custom', ...grant } },
  }
  const broker = await startBroker(options)
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await broker.post('/map-token', { grant: 'relayed' }, headers)
    return { status: response.status, ...(await response.json()) }
  }
  return { ...broker, ask, numbers }
}

async function signIn({
  data,
  post,
}: {
  data: string
  post: (path: string, body: object) => Promise<Response>
}) {
  await runCommand(data, ['account', 'set-password', 'demo', '--password-stdin'], {
    input: 'secret word',
  })
  const signedIn = await post('/token', { username: 'demo', password: 'secret word' })
  return { authorization: `Bearer ${(await signedIn.json()).token}` }
}

describe('a custom upstream', () => {
  test('is a function, which is called with the settings of the grant', async () => {
    const { ask, numbers } = await startCustom({ scope: 'a b', expiresInSeconds: 60 })
    expect(await ask()).toMatchObject({ access_token: 'number-1', scope: 'a b' })
    expect(numbers.bodies).toEqual([{ scope: 'a b', expiresInSeconds: 60 }])
  })

  test('shares its tokens between pages until half of their lifetime is over', async () => {
    const { ask, clock, numbers } = await startCustom({})
    await ask()
    clock.now += 29_000
    expect(await ask()).toMatchObject({ access_token: 'number-1', expires_in: 31 })
    clock.now += 2_000
    expect(await ask()).toMatchObject({ access_token: 'number-2', expires_in: 60 })
    expect(numbers.count()).toBe(2)
  })

  const fail = () => {
    throw new RangeError('canary-0123')
  }
  test.each<[string, () => unknown]>([
    ['rejects', async () => fail()],
    ['throws at once', fail],
    [
      'returns a getter that throws',
      () => ({
        get token() {
          return fail()
        },
      }),
    ],
    ['returns nothing', () => undefined],
  ])('that %s is a 502, and the log quotes nothing of it', async (_, run) => {
    const custom = run as Upstream
    const { post, logged } = await startRelay({
      upstreams: { custom },
      grants: { a: { upstream: 'custom' } },
    })
    const response = await post('/map-token', { grant: 'a' })
    const text = await response.text()
    expect([response.status, text.includes('canary')]).toEqual([502, false])
    expect(logged()).toContain('upstream gave no token')
    expect(logged()).not.toContain('canary')
  })

  test('may return its result without a promise', async () => {
    const custom = (() => ({ token: 'opaque', expiresInSeconds: 60 })) as unknown as Upstream
    const { post } = await startBroker({
      upstreams: { custom },
      grants: { a: { upstream: 'custom' } },
    })
    expect((await post('/map-token', { grant: 'a' })).status).toBe(200)
  })
})

test('a full queue is logged once, not for each page', async () => {
  const custom: Upstream = () => new Promise(() => undefined)
  const { post, logged } = await startRelay({
    mapTokenPerMinute: 100_000,
    // A proxy may have any number of connections.
    trustProxy: ['loopback'],
    upstreams: { custom },
    grants: { each: { upstream: 'custom', shared: false } },
  })
  const all = Array.from({ length: 1_030 }, () => post('/map-token', { grant: 'each' }))
  // The line of each request says why it failed, too.
  const isAboutQueue = (line: string) =>
    line.includes('too many concurrent requests') && !line.includes('"failure"')
  const full = () => logged().split('\n').filter(isAboutQueue).length
  const statuses = (await Promise.all(all)).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([503]))
  expect(full()).toBe(1)
}, 60_000)

describe('a grant with a session', () => {
  test('gives each request its own token, and none without a session', async () => {
    const broker = await startCustom({ session: 'required', account: 'demo' })
    expect((await broker.ask()).status).toBe(401)
    const headers = await signIn(broker)
    const one = await broker.ask(headers)
    const two = await broker.ask(headers)
    expect([one.access_token, two.access_token]).toEqual(['number-1', 'number-2'])
  })

  test('U4: never gives the token of one session to another, not even concurrently', async () => {
    const broker = await startCustom({ session: 'required', account: 'demo' })
    const sessions = [await signIn(broker), await signIn(broker)]
    const answers = await Promise.all(
      sessions.flatMap((headers) => [broker.ask(headers), broker.ask(headers)]),
    )
    const [a1, a2, b1, b2] = answers.map(({ access_token: token }) => token)
    expect(new Set([a1, a2]).has(b1) || new Set([a1, a2]).has(b2)).toBe(false)
  })

  test('that a function checks gives each request its own token', async () => {
    const { ask } = await startCustom({ session: () => true })
    const answers = await Promise.all([ask(), ask(), ask()])
    expect(new Set(answers.map(({ access_token: token }) => token)).size).toBe(3)
  })

  test('ends with its account', async () => {
    const broker = await startCustom({ account: 'demo' })
    expect((await broker.ask()).status).toBe(200)
    await broker.cli('account', 'disable', 'demo')
    await expect.poll(async () => (await broker.ask()).status, { timeout: 10_000 }).toBe(403)
  })
})

test('origins are those of the grant, whatever the upstream', async () => {
  const { ask } = await startCustom({ origins: ['https://maps.example'] })
  expect((await ask({ origin: 'https://maps.example' })).status).toBe(200)
  expect((await ask({ origin: 'https://evil.example' })).status).toBe(403)
})
