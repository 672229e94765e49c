import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { computeExpiresAt } from '../../src/upstreams/expires-at.ts'

describe('the end of a token', () => {
  /** An upstream whose clock differs from ours issues a token between departure and arrival. */
  const situation = fc.record({
    departedAt: fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
    there: fc.nat(5_000),
    back: fc.nat(5_000),
    lifetime: fc.integer({ min: 1, max: 86_400 }),
    claimed: fc.integer({ min: 1, max: 1_000_000 }),
    offset: fc.integer({ min: -7_200_000, max: 7_200_000 }),
  })

  test('U3: is never computed too late, whatever the upstream claims and however wrong its clock is', () => {
    fc.assert(
      fc.property(situation, ({ departedAt, there, back, lifetime, claimed, offset }) => {
        const issuedAt = departedAt + there
        const theirs = issuedAt + offset
        const exp = Math.floor(theirs / 1000) + lifetime
        const date = Math.floor((theirs + back) / 1000) * 1000
        const found = computeExpiresAt({
          departedAt,
          receivedAt: issuedAt + back,
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
        const found = computeExpiresAt({
          departedAt,
          receivedAt,
          expiresInSeconds: lifetime,
          exp,
          date,
        })
        const end = exp * 1000 - offset
        expect(end - found).toBeLessThanOrEqual(there + back + 2_000 + 1_000)
      }),
    )
  })
})
