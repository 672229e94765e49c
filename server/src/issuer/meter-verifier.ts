import { GuardError, type TokenClaims, type Verifier } from '@tilepass/guard'
import type { Meter } from '../observe/meter.ts'
import type { Purpose } from './kinds.ts'

/** Counts what a verifier answers; without a meter, it is the verifier itself. */
export function meterVerifier<Claims extends TokenClaims>(
  verifier: Verifier<Claims>,
  purpose: Purpose,
  meter: Meter | undefined,
): Verifier<Claims> {
  if (!meter) return verifier
  return {
    recall: (token, use) => {
      const claims = verifier.recall(token, use)
      if (claims) meter.countToken(purpose, 'remembered')
      return claims
    },
    verify: async (token, use) => {
      try {
        const claims = await verifier.verify(token, use)
        meter.countToken(purpose, 'checked')
        return claims
      } catch (error) {
        const isRefusal = error instanceof GuardError && error.status < 500
        meter.countToken(purpose, isRefusal ? 'refused' : 'failed')
        throw error
      }
    },
  }
}
