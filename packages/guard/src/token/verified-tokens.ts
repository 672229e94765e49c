import { isExpired } from './claims.ts'
import type { SignedToken, TrustedIssuer } from './trusted-issuer.ts'

/** A token whose signature was verified, and the key that verified it. */
export interface VerifiedToken extends SignedToken {
  readonly issuer: TrustedIssuer
  /**
   * The cookie secret that confirmed the token, once one did. There is no other: a token has one
   * `cnf`, the hash of one secret.
   */
  secret?: string
}

/** Remembers verified tokens, so that the tiles of a map cost one signature check, not hundreds. */
export interface VerifiedTokens {
  find(token: string, now: number): VerifiedToken | undefined
  /** @param token In canonical form. */
  remember(token: string, verified: VerifiedToken): void
}

/**
 * Creates a bounded memory of verified tokens, keyed by the whole token string.
 *
 * Never keyed by a part of it, such as the signature: two tokens would share an entry, and a forged
 * payload would pass as the genuine one (GHSA-rp9m-7r4c-75qg). So the two forms of an ECDSA signature have
 * an entry each, and each was verified. The oldest entry leaves first, and no
 * entry outlives its `exp`. It knows nothing of revocations: the verifier checks those at every use.
 */
export function createVerifiedTokens(capacity: number): VerifiedTokens {
  const entries = new Map<string, VerifiedToken>()
  // A map requests dozens of tiles in a row with one token. Comparing it with the last one is cheaper
  // than a lookup, which hashes the whole string.
  let last: { readonly token: string; readonly entry: VerifiedToken } | undefined

  const lookUp = (token: string) => {
    if (token === last?.token) return last.entry
    const entry = entries.get(token)
    if (entry) last = { token, entry }
    return entry
  }

  return {
    find: (token, now) => {
      const entry = lookUp(token)
      if (entry && isExpired(entry.claims.exp, entry.issuer.leeway, now)) {
        last = undefined
        entries.delete(token)
        return
      }
      return entry
    },
    remember: (token, verified) => {
      last = undefined
      const oldest = entries.size >= capacity ? entries.keys().next().value : undefined
      if (oldest !== undefined) entries.delete(oldest)
      if (capacity > 0) entries.set(token, verified)
    },
  }
}
