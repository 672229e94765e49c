import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toObtainedToken } from '../../src/issuer/obtained-token.ts'

const seconds = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 })

test('a client is never told more than the lifetime of the token, whatever the clock does', () => {
  fc.assert(
    fc.property(
      seconds,
      fc.integer({ min: 1, max: 14_400 }),
      fc.integer({ min: -1e7, max: 1e7 }),
      (iat, lifetime, shift) => {
        const exp = iat + lifetime
        const now = iat * 1000 + shift
        const obtained = toObtainedToken({ token: 't', scope: 's', iat, exp }, now)
        expect(obtained).toMatchObject({ token: 't', scope: 's', expiresAt: exp * 1000 })
        expect(obtained.expiresInSeconds).toBeLessThanOrEqual(lifetime)
        if (shift >= 0) expect(obtained.expiresInSeconds).toBe(exp - Math.floor(now / 1000))
      },
    ),
  )
})
