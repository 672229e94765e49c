import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError, KeysUnavailableError } from '../../src/index.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A key set server whose answer can change, and a verifier with its own clock. */
async function startKeyServer(first: RequestListener, timeout = 15_000) {
  const state = { answer: first, requests: 0, now: NOW }
  const server = createServer((request, response) => {
    state.requests++
    state.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: ISSUER,
    jwks: `http://127.0.0.1:${port}/jwks.json`,
    timeout,
    cacheSize: 0,
    now: () => state.now,
  })
  return { state, verify: verifier.verify }
}

const good: RequestListener = (_request, response) => response.end(JSON.stringify(issuer.jwks))
const failures: [string, RequestListener][] = [
  ['failing', (_request, response) => response.writeHead(500).end()],
  ['not JSON', (_request, response) => response.end('<html>')],
  ['empty', (_request, response) => response.end('{"keys":[]}')],
  ['not a key set', (_request, response) => response.end('{"keys":1}')],
  ['huge', (_request, response) => response.end(`{"keys":[],"x":"${'x'.repeat(100_000)}"}`)],
  ['redirecting', (_request, response) => response.writeHead(302, { location: '/other' }).end()],
  ['slow', () => undefined],
  [
    'ambiguous',
    (_request, response) =>
      response.end(
        JSON.stringify({ keys: [...issuer.jwks.keys, ...createTestIssuer().jwks.keys] }),
      ),
  ],
]

// Long enough for a good answer on a busy machine; only the slow answer runs into its limit.
const findTimeout = (name: string) => (name === 'slow' ? 2_000 : 15_000)

test('F8: a new key is fetched even if the clock was set back', async () => {
  const { state, verify } = await startKeyServer(good)
  await verify(issuer.sign())
  const rotated = createTestIssuer('k2')
  const keys = [...issuer.jwks.keys, ...rotated.jwks.keys]
  state.answer = (_request, response) => response.end(JSON.stringify({ keys }))
  state.now = NOW - 3_600_000
  const iat = state.now / 1000
  await expect(verify(rotated.sign({ iat, exp: iat + 60 }))).resolves.toBeDefined()
  expect(state.requests).toBe(2)
})

test('twenty tokens at once cost one fetch', async () => {
  const { state, verify } = await startKeyServer(good)
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => verify(issuer.sign({ jti: `${index}` }))),
  )
  expect(state.requests).toBe(1)
})

test('T3: an unknown kid causes no fetch storm', async () => {
  const { state, verify } = await startKeyServer(good)
  await verify(issuer.sign())
  for (let index = 0; index < 50; index++)
    await expect(verify(issuer.sign({}, { kid: `x${index}` }))).rejects.toThrow(InvalidTokenError)
  expect(state.requests).toBe(1)
  state.now += 30_000
  for (let index = 0; index < 50; index++)
    await expect(verify(issuer.sign({}, { kid: `x${index}` }))).rejects.toThrow(InvalidTokenError)
  expect(state.requests).toBe(2)
})

test('a new key is fetched for its first token', async () => {
  const { state, verify } = await startKeyServer(good)
  await verify(issuer.sign())
  const next = createTestIssuer('k2')
  state.answer = (_request, response) =>
    response.end(JSON.stringify({ keys: [...issuer.jwks.keys, ...next.jwks.keys] }))
  state.now += 30_000
  await expect(
    verify(next.sign({ iat: state.now / 1000, exp: state.now / 1000 + 9 })),
  ).resolves.toBeDefined()
})

describe('F10: a key set that is', () => {
  test.each(failures)('%s does not affect known keys', async (name, answer) => {
    const { state, verify } = await startKeyServer(good, findTimeout(name))
    await verify(issuer.sign())
    state.answer = answer
    state.now += 50_000
    await expect(verify(issuer.sign({}, { kid: 'new' }))).rejects.toThrow(InvalidTokenError)
    await expect(verify(issuer.sign())).resolves.toBeDefined()
    expect(state.requests).toBe(2)
  })

  test.each(failures)('%s from the start is an error, then recovery', async (name, answer) => {
    const { state, verify } = await startKeyServer(answer, findTimeout(name))
    await expect(verify(issuer.sign())).rejects.toThrow(KeysUnavailableError)
    await expect(verify(issuer.sign())).rejects.toThrow(KeysUnavailableError)
    expect(state.requests).toBe(1)
    state.answer = good
    state.now += 1_000
    await expect(verify(issuer.sign())).resolves.toBeDefined()
  })
})

describe('F10: keys that cannot be fetched again', () => {
  const start = (options: object = {}) => {
    const state = { now: NOW, isDown: false, requests: 0 }
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: ISSUER,
      jwks: 'https://issuer.example/jwks.json',
      fetch: async () => {
        state.requests++
        if (state.isDown) throw new Error('down')
        return Response.json(issuer.jwks)
      },
      now: () => state.now,
      ...options,
    })
    return { state, ...verifier }
  }
  const token = issuer.sign({ exp: NOW / 1000 + 10 * 86_400 })

  test.each([
    ['24 h', {}, 86_400_000],
    ['"maxKeyAge"', { maxKeyAge: 60_000 }, 60_000],
  ])('count for %s, then every token is refused until they can be', async (_, options, age) => {
    const { state, verify, recall } = start(options)
    await verify(token)
    state.isDown = true
    state.now += age - 1
    expect(recall(token)).toBeDefined()
    await expect(verify(token)).resolves.toBeDefined()
    // The background fetch that failed.
    await expect.poll(() => state.requests).toBe(2)
    state.now += 1
    expect(recall(token)).toBeUndefined()
    await expect(verify(token)).rejects.toThrow(KeysUnavailableError)
    state.isDown = false
    state.now += 1_000
    await expect(verify(token)).resolves.toBeDefined()
    expect(recall(token)).toBeDefined()
  })

  test('are fetched first by a guard that was idle for longer', async () => {
    const { state, verify } = start()
    await verify(token)
    state.now += 3 * 86_400_000
    await expect(verify(token)).resolves.toBeDefined()
    expect(state.requests).toBe(2)
  })

  test('cause no fetch per request while they no longer count', async () => {
    const { state, verify } = start()
    await verify(token)
    state.isDown = true
    state.now += 86_400_000
    const before = state.requests
    for (let count = 0; count < 50; count++)
      await expect(verify(token)).rejects.toThrow(KeysUnavailableError)
    expect(state.requests - before).toBe(1)
  })
})

test('tokens of a key that has left the set are refused, remembered or not', async () => {
  const { state } = await startKeyServer(good)
  let keys = issuer.jwks
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: ISSUER,
    jwks: 'https://issuer.example/jwks.json',
    fetch: async () => Response.json(keys),
    now: () => state.now,
  })
  const token = issuer.sign({ exp: NOW / 1000 + 3600 })
  await verifier.verify(token)
  keys = createTestIssuer('k2').jwks
  state.now += 600_000
  await expect(verifier.verify(token)).resolves.toBeDefined()
  await expect
    .poll(() => verifier.verify(token).catch((error) => error))
    .toBeInstanceOf(InvalidTokenError)
})

test('T4: a token that names a key elsewhere causes no connection', async () => {
  let asked = 0
  const { verify } = createVerifier({
    issuer: ISSUER,
    audience: ISSUER,
    jwks: issuer.jwks,
    now: () => NOW,
    fetch: () => {
      asked++
      return Promise.reject(new Error('not expected'))
    },
  })
  for (const header of [
    { jku: 'https://evil.example/jwks.json' },
    { x5u: 'https://evil.example/key.pem' },
    { kid: 'https://evil.example/jwks.json' },
  ])
    await expect(verify(issuer.sign({}, header))).rejects.toThrow(InvalidTokenError)
  expect(asked).toBe(0)
})
