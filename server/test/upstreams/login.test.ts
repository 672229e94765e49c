import { text } from 'node:stream/consumers'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { readClaims } from '../support/broker-under-test.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

const PASSWORD = 'pässword of the broker'

let login: SecondBroker

beforeAll(async () => {
  login = await startSecondBroker({ login: { sessionSeconds: 60 } })
  await login.feed(PASSWORD, 'account', 'set-password', 'city', '--password-stdin')
})

const relay = async (password = PASSWORD, url = login.url) => {
  const file = writeSecret(password)
  const started = await startRelay({
    upstreams: {
      login: {
        kind: 'login',
        url,
        username: 'city',
        password: file.source,
      },
    },
    grants: { default: { upstream: 'login' }, each: { upstream: 'login', shared: false } },
  })
  return { ...started, file }
}

const count = (path: string) =>
  login
    .printed()
    .split('\n')
    .filter((line) => line.includes(`"path":"${path}"`)).length

test('a page gets a session token', async () => {
  const { post } = await relay()
  const body = await (await post('/map-token')).json()
  expect(body).toMatchObject({ token_type: 'Bearer' })
  expect(body.expires_in).toBeGreaterThan(50)
  expect(readClaims(body.access_token)).toMatchObject({ token_type: 'session', username: 'city' })
  const account = await fetch(`${login.url}/account`, {
    headers: { authorization: `Bearer ${body.access_token}` },
  })
  expect(account.status).toBe(200)
})

test('the password is sent once; after that each refresh token is spent for the next one', async () => {
  const { ask } = await relay()
  const first = readClaims((await (await ask('default')).json()).access_token)
  const all = await Promise.all(
    Array.from({ length: 5 }, async () =>
      readClaims((await (await ask('each')).json()).access_token),
    ),
  )
  // The family is the same: there was no second sign-in, and no refresh token was spent twice.
  expect(new Set(all.map(({ parent }) => parent))).toEqual(new Set([first.parent]))
  expect(new Set(all.map(({ jti }) => jti)).size).toBe(5)
  expect(count('/token')).toBeGreaterThanOrEqual(6)
})

test('a response that got lost is requested again, and the session continues', async () => {
  const proxy = await startFaultProxy(() => login.url)
  onTestFinished(() => proxy.close())
  const { ask } = await relay(PASSWORD, proxy.url)
  const first = readClaims((await (await ask('each')).json()).access_token)
  proxy.fault = async (incoming, outgoing) => {
    proxy.fault = undefined
    const body = await text(incoming)
    const { 'content-type': type = '', 'idempotency-key': key = '' } = incoming.headers
    const headers = { 'content-type': type, 'idempotency-key': String(key) }
    await fetch(`${login.url}${incoming.url}`, { method: 'POST', headers, body })
    outgoing.destroy()
  }
  const response = await ask('each')
  expect(response.status).toBe(200)
  expect(readClaims((await response.json()).access_token).parent).toBe(first.parent)
  expect(proxy.count()).toBe(3)
})

test('after the family has ended, the broker signs in again', async () => {
  const { ask } = await relay()
  const { access_token: token } = await (await ask('each')).json()
  const headers = { authorization: `Bearer ${token}` }
  await fetch(`${login.url}/logout`, { method: 'POST', headers })
  const response = await ask('each')
  expect(response.status).toBe(200)
  const { access_token: next } = await response.json()
  expect(readClaims(next).parent).not.toBe(readClaims(token).parent)
})

test('a wrong password is an error for the operator, and replacing the file fixes it', async () => {
  const { ask, file, logged } = await relay('wrong password')
  expect((await ask('default')).status).toBe(502)
  expect(logged()).toContain('returned 401')
  expect(logged()).not.toContain('wrong password')
  file.replace(PASSWORD)
  await expect.poll(async () => (await ask('default')).status, { timeout: 30_000 }).toBe(200)
})
