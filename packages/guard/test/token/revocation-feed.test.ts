import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createVerifier, InvalidTokenError, RevocationsUnavailableError } from '../../src/index.ts'
import { toRevocationKey } from '../../src/token/revocation-feed.ts'
import { createTestIssuer, ISSUER, NOW } from '../support/issuer.ts'

const issuer = createTestIssuer()
const hour = { exp: NOW / 1000 + 3600 }

/** An issuer whose feed can change, fail or hang, and a verifier with its own clock. */
function start() {
  const state = { now: NOW, revoked: [] as string[], epochs: {} as Record<string, number> }
  let asked = 0
  const toEntry = async ([id, at]: [string, number]) => [await toRevocationKey(id), at] as const
  let answer = async (): Promise<Response> => {
    const revoked = await Promise.all(state.revoked.map(toRevocationKey))
    const epochs = await Promise.all(Object.entries(state.epochs).map(toEntry))
    return Response.json({ revoked, epochs: Object.fromEntries(epochs) })
  }
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: ISSUER,
    jwks: `${ISSUER}/.well-known/jwks.json`,
    revocable: true,
    now: () => state.now,
    fetch: async (input) => {
      if (String(input).endsWith('/jwks.json')) return Response.json(issuer.jwks)
      expect(String(input)).toBe(`${ISSUER}/.well-known/revocations.json`)
      asked++
      return answer()
    },
  })
  return {
    state,
    verify: verifier.verify,
    recall: verifier.recall,
    countAsked: () => asked,
    answerWith: (next: () => Promise<Response>) => {
      answer = next
    },
  }
}

describe('T16: a guard that reads revocations', () => {
  test.each([['tok_1'], ['tok_0'], ['org_1']])('refuses tokens of %s within 5 s', async (id) => {
    const { state, verify, recall } = start()
    const token = issuer.sign({ parent: 'tok_0', ...hour })
    await expect(verify(token)).resolves.toBeDefined()
    state.revoked.push(id)
    state.now += 5_000
    expect(recall(token)).toBeUndefined()
    await expect(verify(token)).rejects.toThrow(InvalidTokenError)
  })

  test('refuses within 2 s and one fetch while requests keep coming', async () => {
    const { state, verify } = start()
    const token = issuer.sign(hour)
    await verify(token)
    state.revoked.push('tok_1')
    state.now += 2_000
    await verify(token)
    await expect
      .poll(() => verify(token).then(undefined, (error) => error))
      .toBeInstanceOf(InvalidTokenError)
  })

  test('a raised epoch ends the access tokens issued before it, but not the API token itself', async () => {
    const { state, verify } = start()
    const child = { parent: 'tok_1', sub: 'tok_short_1', ...hour }
    const before = issuer.sign(child)
    await verify(before)
    state.epochs = { org_1: NOW + 1 }
    state.now += 10_000
    await expect(verify(before)).rejects.toThrow(InvalidTokenError)
    await expect(verify(issuer.sign(hour))).resolves.toBeDefined()
    const after = issuer.sign({ ...child, iat: NOW / 1000 + 1 })
    await expect(verify(after)).resolves.toBeDefined()
  })

  test('fetches the feed at most once a second, however many tokens come', async () => {
    const { state, verify, countAsked, answerWith } = start()
    await Promise.all(
      Array.from({ length: 50 }, (_, at) => verify(issuer.sign({ jti: `${at}`, ...hour }))),
    )
    expect(countAsked()).toBe(1)
    answerWith(() => Promise.reject(new Error('down')))
    state.now += 30_000
    for (let count = 0; count < 50; count++) await verify(issuer.sign(hour))
    expect(countAsked()).toBe(2)
  })
})

test('a token is recalled while the feed is fresh and does not list it', async () => {
  const { state, verify, recall } = start()
  const token = issuer.sign({ parent: 'tok_0', ...hour })
  expect(recall(token)).toBeUndefined()
  const claims = await verify(token)
  expect(recall(token)).toBe(claims)
  state.now += 5_000
  expect(recall(token)).toBeUndefined()
  await verify(token)
  expect(recall(token)).toBe(claims)
})

test('a key is the start of the SHA-256 of an id, in base64url', async () => {
  const hash = createHash('sha256').update('tok_é').digest('base64url')
  expect(await toRevocationKey('tok_é')).toBe(hash.slice(0, 22))
})

const faults: [string, () => Promise<Response>][] = [
  ['failing', () => Promise.resolve(new Response('', { status: 500 }))],
  ['unreachable', () => Promise.reject(new Error('down'))],
  ['not a feed', () => Promise.resolve(Response.json({ revoked: 'all' }))],
  ['without a list of keys', () => Promise.resolve(Response.json({ revoked: [1], epochs: {} }))],
  ['huge', () => Promise.resolve(new Response(`"${'x'.repeat(5_000_000)}"`))],
]

describe('G5: a feed that is', () => {
  test.each(faults)(
    '%s changes nothing for a minute, then every token is refused',
    async (_, fault) => {
      const { state, verify, answerWith } = start()
      const token = issuer.sign(hour)
      state.revoked.push('tok_9')
      await verify(token)
      answerWith(fault)
      state.now = NOW + 59_000
      await expect(verify(token)).resolves.toBeDefined()
      await expect(verify(issuer.sign({ sub: 'tok_9', ...hour }))).rejects.toThrow(
        InvalidTokenError,
      )
      state.now = NOW + 60_000
      await expect(verify(token)).rejects.toThrow(RevocationsUnavailableError)
    },
  )

  test.each(faults)('%s from the start is an error, then recovery', async (_, fault) => {
    const { state, verify, answerWith } = start()
    answerWith(fault)
    await expect(verify(issuer.sign(hour))).rejects.toThrow(RevocationsUnavailableError)
    answerWith(() => Promise.resolve(Response.json({ revoked: [], epochs: {} })))
    state.now += 1_000
    await expect(verify(issuer.sign(hour))).resolves.toBeDefined()
  })

  test('hanging is waited for once, as long as the last feed is not too old', async () => {
    const { state, verify, answerWith, countAsked } = start()
    const token = issuer.sign(hour)
    await verify(token)
    answerWith(() => Promise.reject(new Error('no answer in time')))
    state.now = NOW + 6_000
    await verify(token)
    // From here on it never answers: a request that waited for it would hang.
    answerWith(() => new Promise(() => {}))
    for (let seconds = 8; seconds < 60; seconds += 2) {
      state.now = NOW + seconds * 1000
      await expect(verify(token)).resolves.toBeDefined()
    }
    expect(countAsked()).toBe(3)
  })

  test('old, with a clock that was set back, is fetched again', async () => {
    const { state, verify, countAsked } = start()
    await verify(issuer.sign(hour))
    state.now -= 20_000
    await verify(issuer.sign(hour))
    expect(countAsked()).toBe(2)
  })
})

test('"revocable" without a URL is refused at construction', () => {
  const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks, revocable: true }
  expect(() => createVerifier(options)).toThrow(TypeError)
  expect(() => createVerifier(options)).toThrow('"revocable" requires "jwks" to be a URL')
})

describe('a feed with cursors', () => {
  /** An issuer whose feed understands `since`, as the broker's does. */
  function start() {
    const asked: string[] = []
    const state = { now: NOW, revoked: [] as string[], ignoresCursor: false }
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: ISSUER,
      jwks: `${ISSUER}/.well-known/jwks.json`,
      revocable: true,
      now: () => state.now,
      fetch: async (input) => {
        const { pathname, search, searchParams } = new URL(String(input))
        if (pathname.endsWith('/jwks.json')) return Response.json(issuer.jwks)
        asked.push(search)
        const keys = await Promise.all(state.revoked.map(toRevocationKey))
        if (state.ignoresCursor) return Response.json({ revoked: keys, epochs: {} })
        const since = searchParams.get('since')
        const news = since === null ? keys : keys.slice(Number(since))
        const cursor = String(keys.length)
        return Response.json({
          revoked: news,
          epochs: {},
          cursor,
          ...(since !== null && { since }),
        })
      },
    })
    const isRefused = (id: string) => {
      state.now += 5_000
      const token = issuer.sign({ sub: id, parent: 'tok_0', ...hour })
      return verifier.verify(token).then(
        () => false,
        (error) => error instanceof InvalidTokenError,
      )
    }
    return { state, asked, isRefused }
  }

  test('is fetched whole once, then from the cursor, and nothing is forgotten', async () => {
    const { state, asked, isRefused } = start()
    state.revoked.push('a', 'b')
    expect(await isRefused('a')).toBe(true)
    state.revoked.push('c')
    expect(await isRefused('c')).toBe(true)
    expect([await isRefused('a'), await isRefused('b'), await isRefused('d')]).toEqual([
      true,
      true,
      false,
    ])
    expect(asked.slice(0, 3)).toEqual(['', '?since=2', '?since=3'])
  })

  test('is fetched whole again after 10 min', async () => {
    const { state, asked, isRefused } = start()
    state.revoked.push('a')
    expect(await isRefused('a')).toBe(true)
    state.revoked.length = 0
    state.now += 600_000
    expect(await isRefused('a')).toBe(false)
    expect(asked).toEqual(['', ''])
  })

  test('is fetched whole from an issuer that stops to understand cursors', async () => {
    const { state, isRefused } = start()
    state.revoked.push('a')
    expect(await isRefused('a')).toBe(true)
    state.ignoresCursor = true
    state.revoked.push('b')
    expect([await isRefused('a'), await isRefused('b')]).toEqual([true, true])
    state.revoked.shift()
    expect(await isRefused('a')).toBe(false)
  })
})
