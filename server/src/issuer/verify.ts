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
 * the access tokens exchanged for it along, a disabled account everything of its organisation.
 */
export function createOwnVerifier(own: OwnTokens, wanted: Use): Verifier {
  let { jwks } = own.keys
  let verifier = createFor(own)
  return {
    verify: async (token, use) => {
      await own.keys.refresh()
      if (own.keys.jwks !== jwks) {
        jwks = own.keys.jwks
        verifier = createFor(own)
      }
      const claims = await verifier.verify(token, use)
      if (!findKind(claims)?.uses.includes(wanted))
        throw new InvalidTokenError('wrong kind of token')
      return claims
    },
  }
}

function createFor(own: OwnTokens): Verifier {
  return createVerifier({
    issuer: own.issuer,
    audience: own.issuer,
    jwks: own.keys.jwks,
    algorithms: [own.keys.algorithm],
    // Which types there are, and what each may do, the table of kinds says.
    tokenType: null,
    isRevoked: (claims) => own.revocations.refuses(claims),
    now: own.now,
  })
}
