import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAnswer } from '../../src/upstreams/answer.ts'
import { UpstreamInvalidError } from '../../src/upstreams/errors.ts'

type Requested = Parameters<typeof parseAnswer>[1]

const jwt = (claims: unknown) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

describe('an answer', () => {
  const times = { departedAt: 1_800_000_000_000, receivedAt: 1_800_000_000_500, date: undefined }
  const requested = { scope: 'a b', expiresInSeconds: 600 }

  test('is refused or within what was requested, whatever it holds', () => {
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
          const relayed = parseAnswer({ token, expiresInSeconds, scope }, requested, times)
          expect(relayed.token).toBe(token)
          expect(['a', 'b', 'a b', 'b a']).toContain(relayed.scope)
          const left = relayed.expiresAt - times.receivedAt
          expect(left >= 1_000 && left <= 660_000).toBe(true)
        } catch (error) {
          if (!(error instanceof UpstreamInvalidError)) throw error
          expect(error.reason).toMatch(/^(response|token) /)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  describe('with a token that has its own times', () => {
    const now = times.departedAt / 1000
    const check =
      (claims: object, date?: number, maxSeconds?: number, from: Requested = requested) =>
      () =>
        parseAnswer(
          { token: jwt(claims), expiresInSeconds: 60 },
          from,
          { ...times, date },
          maxSeconds,
        )
    const unlimited: Requested = { scope: 'a b', expiresInSeconds: undefined }

    test('lasts no longer than requested, by the clock of its issuer', () => {
      expect(check({ exp: now + 600 })).not.toThrow()
      expect(check({ exp: now + 700 })).toThrow(UpstreamInvalidError)
      const ahead = times.departedAt + 3_600_000
      expect(check({ exp: now + 4_200 }, ahead)).not.toThrow()
      expect(check({ exp: now + 4_300 }, ahead)).toThrow(UpstreamInvalidError)
      // A late "iat" does not make the lifetime shorter.
      expect(check({ iat: now + 86_000, exp: now + 86_400 })).toThrow(UpstreamInvalidError)
    })

    test('lasts no longer than its kind of upstream allows', () => {
      expect(check({ exp: now + 3_600 }, undefined, 3_600, unlimited)).not.toThrow()
      expect(check({ exp: now + 3_700 }, undefined, 3_600, unlimited)).toThrow(UpstreamInvalidError)
      expect(check({ exp: now + 3_700 }, undefined, 14_400, unlimited)).not.toThrow()
    })

    test.each(['nbf', 'iat'])('is valid already (%s)', (name) => {
      expect(check({ [name]: now + 50 })).not.toThrow()
      expect(check({ [name]: now + 70 })).toThrow(UpstreamInvalidError)
      expect(check({ [name]: now - 70 })).not.toThrow()
      expect(check({ [name]: 0 })).not.toThrow()
    })
  })

  test('without a scope has the requested one; lifetimes may be strings', () => {
    expect(parseAnswer({ token: 't', expiresInSeconds: '60' }, requested, times)).toEqual({
      token: 't',
      scope: 'a b',
      expiresAt: times.departedAt + 60_000,
      lifetime: 60_000,
    })
  })
})
