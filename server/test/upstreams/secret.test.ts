import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { login } from '../../src/upstreams/login.ts'
import { createSecret } from '../../src/upstreams/secret.ts'
import { makeDataFolder, readClaims } from '../support/broker-under-test.ts'
import { answerWith, type FaultProxy, passOn, startFaultProxy } from '../support/fault-proxy.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

/** For conditions that are met soon, on a machine that may be busy. */
const PATIENTLY = { timeout: 30_000 }

let geog: SecondBroker
let proxy: FaultProxy
const createToken = () => geog.cli('token', 'create', '--account', 'city', '--scope', 'tiles:read')
const revoke = (token: string) => geog.cli('token', 'revoke', String(readClaims(token).sub))

beforeAll(async () => {
  geog = await startSecondBroker()
})
beforeEach(async () => {
  proxy = await startFaultProxy(() => geog.url)
  onTestFinished(() => proxy.close())
})

const grants = {
  shared: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60 },
  unshared: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60, shared: false },
}
const relayOf = (source: { file: string } | (() => string | Promise<string>)) =>
  startRelay({
    mapTokenPerMinute: 100_000,
    upstreams: { geog: { kind: 'geog', url: proxy.url, token: source } },
    grants,
  })

const readParent = async (response: Response) =>
  readClaims((await response.json()).access_token).parent

test('a replaced file counts from the next request on, and tokens of the old secret are not shared any longer', async () => {
  const [old, next] = await Promise.all([createToken(), createToken()])
  const file = writeSecret(old)
  const { ask, skip } = await relayOf(file.source)
  expect(await readParent(await ask('shared'))).toBe(readClaims(old).sub)
  file.replace(next)
  skip(1_000)
  expect(await readParent(await ask('shared'))).toBe(readClaims(next).sub)
  expect(await readParent(await ask('unshared'))).toBe(readClaims(next).sub)
})

test('a new secret that is refused does not end the token that pages share', async () => {
  const file = writeSecret(await createToken())
  const { ask, skip } = await relayOf(file.source)
  const first = await (await ask('shared')).json()
  file.replace('mistyped')
  skip(1_000)
  expect((await (await ask('shared')).json()).access_token).toBe(first.access_token)
})

test('U5: replacing the long-lived credential under load costs no request', async ({
  annotate,
}) => {
  const [old, next] = await Promise.all([createToken(), createToken()])
  const file = writeSecret(old)
  const { ask } = await relayOf(file.source)
  const statuses: number[] = []
  const late: unknown[] = []
  let phase: 'before' | 'revoked' | 'done' = 'before'
  const worker = async (grant: 'shared' | 'unshared') => {
    while (phase !== 'done') {
      const isLate = phase === 'revoked'
      const response = await ask(grant)
      statuses.push(response.status)
      const parent = await readParent(response)
      if (isLate) late.push(parent)
    }
  }
  onTestFinished(() => {
    phase = 'done'
  })
  const workers = [...Array(6).fill('shared'), 'unshared', 'unshared'].map(worker)
  await expect.poll(() => statuses.length, PATIENTLY).toBeGreaterThan(50)
  file.replace(next)
  // The operator waits until the new one is in use, then revokes the old one.
  const isNew = async () => (await readParent(await ask('shared'))) === readClaims(next).sub
  await expect.poll(isNew, PATIENTLY).toBe(true)
  await revoke(old)
  phase = 'revoked'
  const before = statuses.length
  await expect.poll(() => statuses.length, PATIENTLY).toBeGreaterThan(before + 200)
  phase = 'done'
  await Promise.all(workers)
  await annotate(`${statuses.length} requests, ${late.length} of them after the revocation`)
  expect(statuses.filter((status) => status !== 200)).toEqual([])
  expect(new Set(late)).toEqual(new Set([readClaims(next).sub]))
})

test('an old secret that is revoked before the new one was read costs no request', async () => {
  const [old, next] = await Promise.all([createToken(), createToken()])
  const file = writeSecret(old)
  const { ask } = await relayOf(file.source)
  await ask('unshared')
  proxy.fault = (incoming, outgoing) =>
    incoming.headers.authorization?.endsWith(old)
      ? answerWith(401)(incoming, outgoing)
      : passOn(incoming, outgoing, geog.url, undefined)
  file.replace(next)
  expect(await readParent(await ask('unshared'))).toBe(readClaims(next).sub)
})

test('reload() calls a secret function again', async () => {
  const [old, next] = await Promise.all([createToken(), createToken()])
  let secret = old
  const { ask, broker } = await relayOf(() => secret)
  expect(await readParent(await ask('shared'))).toBe(readClaims(old).sub)
  secret = next
  await broker.reload()
  expect(await readParent(await ask('shared'))).toBe(readClaims(next).sub)
})

test('Retry-After counts for the credential that received it, not for the next one', async () => {
  const [old, next] = await Promise.all([createToken(), createToken()])
  const file = writeSecret(old)
  const { ask, skip } = await relayOf(file.source)
  proxy.fault = answerWith(429, { 'retry-after': '600' })
  expect((await ask('unshared')).status).toBe(503)
  proxy.fault = undefined
  skip(1_000)
  expect((await ask('unshared')).status).toBe(503)
  file.replace(next)
  skip(1_000)
  expect(await readParent(await ask('unshared'))).toBe(readClaims(next).sub)
})

describe('a function that never answers', () => {
  const never = () => new Promise<string>(() => undefined)

  test('counts as a function without a secret', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const secret = createSecret(never, { env: {}, now: () => 0 })
    const read = expect(secret.read()).rejects.toMatchObject({ status: 502 })
    await vi.advanceTimersByTimeAsync(3_000)
    await read
  })

  test('does not end the secret that it gave before', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let now = 0
    let give = async () => 'good'
    const secret = createSecret(() => give(), { env: {}, now: () => now })
    expect(await secret.read()).toBe('good')
    give = never
    now += 1_000
    const read = secret.read()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await read).toBe('good')
  })

  test('does not keep reload() from ending a Retry-After at once', async () => {
    const token = await createToken()
    let isHanging = false
    const { ask, broker } = await relayOf(() => (isHanging ? never() : Promise.resolve(token)))
    proxy.fault = answerWith(429, { 'retry-after': '600' })
    expect((await ask('unshared')).status).toBe(503)
    proxy.fault = undefined
    isHanging = true
    const reloading = broker.reload()
    expect((await ask('unshared')).status).toBe(200)
    await reloading
  })

  test('does not block the sign-ins after it', async () => {
    let isHanging = true
    const read = async () => (isHanging ? never() : 'secret')
    const settings = { env: {}, now: () => Date.now() }
    const upstream = login.open(
      {
        kind: 'login',
        url: 'https://l.example',
        username: 'city',
        password: read,
        timeoutSeconds: 8,
      },
      { username: createSecret(() => 'city', settings), password: createSecret(read, settings) },
      settings.now,
    )
    const stop = new AbortController()
    const wanted = { scope: undefined, expiresInSeconds: undefined, dataset: undefined }
    const send = async () => ({ token: 'opaque', expires_in: 60 })
    const first = upstream({ ...wanted, signal: stop.signal }, send)
    stop.abort()
    await expect(first).rejects.toMatchObject({ reason: 'timed out' })
    isHanging = false
    const next = upstream({ ...wanted, signal: new AbortController().signal }, send)
    expect((await next).token).toBe('opaque')
  })
})

test('SIGHUP reads secrets again, and the server keeps running', async () => {
  const [old, next] = await Promise.all([createToken(), createToken()])
  const file = writeSecret(old)
  const relay = await startSecondBroker({
    upstreams: { geog: { kind: 'geog', url: geog.url, token: file.source } },
    grants: { default: { upstream: 'geog', scope: 'tiles:read' } },
  })
  const ask = () => fetch(`${relay.url}/map-token`, { method: 'POST' })
  expect(await readParent(await ask())).toBe(readClaims(old).sub)
  file.replace(next)
  relay.signal('SIGHUP')
  await expect.poll(async () => readParent(await ask()), PATIENTLY).toBe(readClaims(next).sub)
})

describe('a secret in a file', () => {
  const open = () => {
    const file = join(makeDataFolder(), 'secret')
    let now = 0
    const secret = createSecret({ file }, { env: {}, now: () => now })
    const read = () => {
      now += 1_000
      return secret.read()
    }
    return { file, secret, read }
  }

  test('loses one line end and nothing else', async () => {
    const { file, read } = open()
    for (const [text, value] of [
      ['a\n', 'a'],
      ['a\r\n', 'a'],
      [' a ', ' a '],
    ] as const) {
      writeFileSync(file, text)
      expect(await read()).toBe(value)
    }
  })

  test.each([
    ['is empty', ''],
    ['is an empty line', '\n'],
    ['has two lines', 'a\nb\n'],
    ['is too long', 'a'.repeat(10_000)],
  ])('that %s is ignored, and the secret before stays in use', async (_, text) => {
    const { file, read } = open()
    writeFileSync(file, text)
    await expect(read()).rejects.toThrow(expect.objectContaining({ status: 502 }))
    writeFileSync(file, 'good')
    expect(await read()).toBe('good')
    writeFileSync(file, text)
    expect(await read()).toBe('good')
    rmSync(file)
    expect(await read()).toBe('good')
  })

  test('may be a link that is replaced, as orchestrators mount secrets', async () => {
    const { file, read } = open()
    for (const content of ['a', 'b']) {
      writeFileSync(`${file}-${content}`, content)
      symlinkSync(`${file}-${content}`, `${file}-next`)
      renameSync(`${file}-next`, file)
      expect(await read()).toBe(content)
    }
  })

  test('changes its version only when it changes', async () => {
    const { file, secret, read } = open()
    writeFileSync(file, 'a')
    await read()
    const { version } = secret
    writeFileSync(file, 'a')
    await read()
    expect(secret.version).toBe(version)
    writeFileSync(file, 'b')
    await read()
    expect(secret.version).toBe(version + 1)
  })
})
