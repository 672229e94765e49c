import type { Confirmation } from '@tilepass/guard'
import { createTokenId, type Mint, type MintedToken } from '../issuer/mint.ts'
import type { RevocableToken, Revocations } from '../store/revocations.ts'
import type { NamedIssuedGrant } from './issued-grant.ts'
import { computeSharedExpiry } from './shared-lifetime.ts'

/** Tokens that this broker issues for grants. */
export interface IssuedTokens {
  /**
   * Mints a token, or returns the current one of a shared grant.
   *
   * @param cnf What the token of a grant with a binding is bound to.
   */
  obtain(grant: NamedIssuedGrant, cnf: Confirmation | undefined): Promise<MintedToken>
}

/** The current token of a shared grant. */
interface SharedToken {
  readonly exp: number
  readonly identity: RevocableToken
  readonly token: Promise<MintedToken>
}

/** Creates the tokens of issued grants. */
export function createIssuedTokens(
  mint: Mint,
  revocations: Revocations,
  now: () => number,
): IssuedTokens {
  const shared = new Map<string, SharedToken>()

  const identify = ({ name, owner }: NamedIssuedGrant) => ({
    sub: createTokenId('tok_short_'),
    parent: `grant_${name}`,
    org_id: owner.orgId,
    iat: Math.floor(now() / 1000),
  })

  const mintUntil = async (
    { scope, tiles }: NamedIssuedGrant,
    identity: ReturnType<typeof identify>,
    exp: number,
    cnf?: Confirmation,
  ): Promise<MintedToken> => {
    const token = await mint({ ...identity, token_type: 'api_token', scope, exp, tiles, cnf })
    return { token, scope, iat: identity.iat, exp }
  }

  const share = async (grant: NamedIssuedGrant, exp: number): Promise<MintedToken> => {
    const known = shared.get(grant.name)
    // A token that was revoked in the meantime, by its id or by an epoch, must not be handed out again.
    const isGood = known?.exp === exp && !(await revocations.refuses(known.identity))
    const current = shared.get(grant.name)
    if (current && (isGood || current !== known)) return current.token
    // Kept before it resolves: a thousand visitors at a boundary cost one signature.
    const identity = identify(grant)
    const token = mintUntil(grant, identity, exp)
    shared.set(grant.name, { exp, identity, token })
    token.catch(() => shared.delete(grant.name))
    return token
  }

  return {
    obtain: async (grant, cnf) => {
      const seconds = Math.floor(now() / 1000)
      return grant.shared
        ? share(grant, computeSharedExpiry(seconds, grant.expiresInSeconds))
        : mintUntil(grant, identify(grant), seconds + grant.expiresInSeconds, cnf)
    },
  }
}
