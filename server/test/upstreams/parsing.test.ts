import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkAnswer } from '../../src/upstreams/answer.ts'
import { UpstreamInvalidError } from '../../src/upstreams/errors.ts'
import { findExpiry } from '../../src/upstreams/expiry.ts'
import { parseRetryAfter } from '../../src/upstreams/retry-after.ts'
import { findTokenClaims } from '../../src/upstreams/token-claims.ts'

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

  test('is nothing for opaque ones, whatever they look like', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        findTokenClaims(text)
        const claims = findTokenClaims(jwt(value))
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

  test('without a scope has the one that was asked for; lifetimes may be written as strings', () => {
    expect(checkAnswer({ token: 't', expiresInSeconds: '60' }, wanted, times)).toEqual({
      token: 't',
      scope: 'a b',
      expiresAt: times.departedAt + 60_000,
      lifetime: 60_000,
    })
  })
})
