import { hash } from 'node:crypto'
import type { VerificationKey } from '../keys/key-set.ts'
import { isExpired, type TokenClaims } from './claims.ts'
import type { TrustedIssuer } from './issuers.ts'

/** A token whose signature was checked, and the key that it was checked with. */
export interface VerifiedToken {
  readonly issuer: TrustedIssuer
  readonly keyId: string
  readonly key: VerificationKey
  readonly claims: TokenClaims
}

/** Remembers verified tokens, so that a map's tiles cost one signature check and not hundreds. */
export interface VerifiedTokens {
  find(token: string, now: number): VerifiedToken | undefined
  remember(token: string, verified: VerifiedToken): void
}

/**
 * A bounded memory of verified tokens, keyed by a hash of the whole string.
 *
 * Never by a part of it, which would let two tokens share an entry (GHSA-rp9m-7r4c-75qg). The oldest
 * entry leaves first; none outlives its `exp`. Revocation is not its business: the
 * verifier asks that at every use.
 */
export function createVerifiedTokens(capacity: number): VerifiedTokens {
  const entries = new Map<string, VerifiedToken>()
  // A map asks for dozens of tiles in a row with one token, which is hashed once.
  let last = { token: '', key: '' }
  const toKey = (token: string) => {
    if (token !== last.token) last = { token, key: hash('sha256', token, 'base64') }
    return last.key
  }

  return {
    find: (token, now) => {
      const id = toKey(token)
      const entry = entries.get(id)
      if (entry && isExpired(entry.claims.exp, entry.issuer.leeway, now)) {
        entries.delete(id)
        return
      }
      return entry
    },
    remember: (token, verified) => {
      const oldest = entries.size >= capacity ? entries.keys().next().value : undefined
      if (oldest !== undefined) entries.delete(oldest)
      if (capacity > 0) entries.set(toKey(token), verified)
    },
  }
}
