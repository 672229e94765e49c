import { createVerifier, InvalidTokenError, type Verifier } from '@tilepass/guard'
import type { Revocations } from '../store/revocations.ts'
import { findKind, type Use } from './kinds.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What our own verifiers are made of. */
export interface OwnTokens {
  readonly issuer: string
  readonly keys: SigningKeys
  readonly revocations: Revocations
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Creates a verifier for tokens of this issuer whose kind allows the use. A revoked API token takes
 * the access tokens exchanged for it along.
 */
export function createOwnVerifier(own: OwnTokens, use: Use): Verifier {
  const verifier = createVerifier({
    issuer: own.issuer,
    audience: own.issuer,
    jwks: own.keys.jwks,
    algorithms: [own.keys.algorithm],
    isRevoked: ({ sub, parent }) => own.revocations.includesAny([sub, parent]),
    now: own.now,
  })
  return {
    verify: async (token) => {
      const claims = await verifier.verify(token)
      if (!findKind(claims)?.uses.includes(use)) throw new InvalidTokenError('wrong kind of token')
      return claims
    },
  }
}
