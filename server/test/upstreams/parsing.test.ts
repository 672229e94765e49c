import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkAnswer } from '../../src/upstreams/answer.ts'
import { UpstreamInvalidError } from '../../src/upstreams/errors.ts'
import { findExpiry } from '../../src/upstreams/expiry.ts'
import { parseRetryAfter } from '../../src/upstreams/retry-after.ts'
import { findPayload, findTokenClaims } from '../../src/upstreams/token-claims.ts'

type Wanted = Parameters<typeof checkAnswer>[1]

const jwt = (claims: unknown) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')

  test('is seconds or a date', () => {
    expect(parseRetryAfter('120', now)).toBe(120)
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30)
    expect(parseRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT', now)).toBe(0)
  })

  test('is nothing where it is neither', () => {
    for (const header of [undefined, '', '-1', '1.5', 'soon', ['1', '2'], '2026-01-01', '1e3'])
      expect(parseRetryAfter(header, now)).toBeUndefined()
  })

  test('is never negative or no number, whatever is written', () => {
    fc.assert(
      fc.property(fc.anything(), fc.nat(), (header, at) => {
        const seconds = parseRetryAfter(header, at)
        expect(seconds === undefined || seconds >= 0).toBe(true)
      }),
    )
  })
})

describe('the end of a token', () => {
  /** An upstream whose clock differs from ours, which makes a token between departure and arrival. */
  const situation = fc.record({
    departedAt: fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
    there: fc.nat(5_000),
    back: fc.nat(5_000),
    lifetime: fc.integer({ min: 1, max: 86_400 }),
    claimed: fc.integer({ min: 1, max: 1_000_000 }),
    offset: fc.integer({ min: -7_200_000, max: 7_200_000 }),
  })

  test('U3: is never later than it is, whatever the upstream claims and however wrong its clock', () => {
    fc.assert(
      fc.property(situation, ({ departedAt, there, back, lifetime, claimed, offset }) => {
        const madeAt = departedAt + there
        const theirs = madeAt + offset
        const exp = Math.floor(theirs / 1000) + lifetime
        const date = Math.floor((theirs + back) / 1000) * 1000
        const found = findExpiry({
          departedAt,
          receivedAt: madeAt + back,
          expiresInSeconds: claimed,
          exp,
          date,
        })
        const end = exp * 1000 - offset
        // Clocks that cannot be told apart are less than one round trip and a second apart.
        const unseen = Math.abs(offset) < there + back + 1_000 ? Math.abs(offset) : 0
        expect(found).toBeLessThanOrEqual(end + unseen)
        expect(found).toBeLessThanOrEqual(departedAt + claimed * 1000)
      }),
    )
  })

  test('loses no more than the round trip and two seconds', () => {
    fc.assert(
      fc.property(situation, ({ departedAt, there, back, lifetime, offset }) => {
        const theirs = departedAt + there + offset
        const exp = Math.floor(theirs / 1000) + lifetime
        const date = Math.floor((theirs + back) / 1000) * 1000
        const receivedAt = departedAt + there + back
        const found = findExpiry({ departedAt, receivedAt, expiresInSeconds: lifetime, exp, date })
        const end = exp * 1000 - offset
        expect(end - found).toBeLessThanOrEqual(there + back + 2_000 + 1_000)
      }),
    )
  })
})

describe('what a token says of itself', () => {
  test('is read from JWTs and from temporary tokens of Mapbox', () => {
    expect(findTokenClaims(jwt({ exp: 5, iat: 1, scope: 'a b' }))).toMatchObject({
      exp: 5,
      iat: 1,
      scopes: ['a', 'b'],
    })
    const mapbox = findTokenClaims(jwt({ scopes: ['styles:read'] }).replace('e30', 'tk'))
    expect(mapbox?.scopes).toEqual(['styles:read'])
    expect(findTokenClaims(jwt({ scp: ['a'] }))?.scopes).toEqual(['a'])
  })

  test('of its scope is all of what it says, in whatever claims', () => {
    const claims = findTokenClaims(jwt({ scope: 'a', scp: ['b', 'a'], scopes: 'c d' }))
    expect(claims?.scopes).toEqual(['a', 'b', 'c', 'd'])
  })

  test.each([
    { exp: '9999999999' },
    { exp: null },
    { exp: 1e12 },
    { exp: -1 },
    { iat: '1' },
    { nbf: [1] },
    { scope: 1 },
    { scope: { admin: true } },
    { scope: null },
    { scope: 'a', scp: [['b']] },
    { scopes: ['a', 1] },
  ])('is refused where its form is wrong: %o', (claims) => {
    expect(() => findTokenClaims(jwt(claims))).toThrow(UpstreamInvalidError)
  })

  test('is nothing for opaque ones, whatever they look like', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        findPayload(text)
        const claims = findPayload(jwt(value))
        if (typeof value !== 'object' || value === null || Array.isArray(value))
          expect(claims).toBeUndefined()
      }),
    )
  })
})

describe('an answer', () => {
  const times = { departedAt: 1_800_000_000_000, receivedAt: 1_800_000_000_500, date: undefined }
  const wanted = { scope: 'a b', expiresInSeconds: 600 }

  test('is refused or within what was asked, whatever it is', () => {
    const anything = fc.record(
      {
        token: fc.oneof(fc.anything(), fc.string(), fc.jsonValue().map(jwt)),
        expiresInSeconds: fc.oneof(fc.anything(), fc.double(), fc.nat().map(String)),
        scope: fc.oneof(fc.anything(), fc.constantFrom('a', 'b a', 'a c', '', ' a')),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(anything, ({ token, expiresInSeconds, scope }) => {
        try {
          const relayed = checkAnswer({ token, expiresInSeconds, scope }, wanted, times)
          expect(relayed.token).toBe(token)
          expect(['a', 'b', 'a b', 'b a']).toContain(relayed.scope)
          const left = relayed.expiresAt - times.receivedAt
          expect(left >= 1_000 && left <= 660_000).toBe(true)
        } catch (error) {
          if (!(error instanceof UpstreamInvalidError)) throw error
          expect(error.reason).toMatch(/^answered /)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  describe('with a token that tells its times', () => {
    const now = times.departedAt / 1000
    const check =
      (claims: object, date?: number, maxSeconds?: number, asked: Wanted = wanted) =>
      () =>
        checkAnswer(
          { token: jwt(claims), expiresInSeconds: 60 },
          asked,
          { ...times, date },
          maxSeconds,
        )
    const unasked: Wanted = { scope: 'a b', expiresInSeconds: undefined }

    test('lasts no longer than asked, by the clock that it was made with', () => {
      expect(check({ exp: now + 600 })).not.toThrow()
      expect(check({ exp: now + 700 })).toThrow(UpstreamInvalidError)
      const ahead = times.departedAt + 3_600_000
      expect(check({ exp: now + 4_200 }, ahead)).not.toThrow()
      expect(check({ exp: now + 4_300 }, ahead)).toThrow(UpstreamInvalidError)
      // An "iat" that is said to be long after does not make it shorter.
      expect(check({ iat: now + 86_000, exp: now + 86_400 })).toThrow(UpstreamInvalidError)
    })

    test('lasts no longer than its kind of upstream allows', () => {
      expect(check({ exp: now + 3_600 }, undefined, 3_600, unasked)).not.toThrow()
      expect(check({ exp: now + 3_700 }, undefined, 3_600, unasked)).toThrow(UpstreamInvalidError)
      expect(check({ exp: now + 3_700 }, undefined, 14_400, unasked)).not.toThrow()
    })

    test.each(['nbf', 'iat'])('is valid already (%s)', (name) => {
      expect(check({ [name]: now + 50 })).not.toThrow()
      expect(check({ [name]: now + 70 })).toThrow(UpstreamInvalidError)
      expect(check({ [name]: now - 70 })).not.toThrow()
      expect(check({ [name]: 0 })).not.toThrow()
    })
  })

  test('without a scope has the one that was asked for; lifetimes may be written as strings', () => {
    expect(checkAnswer({ token: 't', expiresInSeconds: '60' }, wanted, times)).toEqual({
      token: 't',
      scope: 'a b',
      expiresAt: times.departedAt + 60_000,
      lifetime: 60_000,
    })
  })
})
