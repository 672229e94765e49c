import type { Confirmation } from '@tilepass/guard'
import { createTokenId, type Mint, type MintedToken } from '../issuer/mint.ts'
import { InvalidSessionError } from '../sessions/errors.ts'
import type { RevocableToken, Revocations } from '../store/revocations.ts'
import type { NamedIssuedGrant } from './issued-grant.ts'
import { computeSharedExpiry } from './shared-lifetime.ts'

/** Tokens that this broker issues for grants. */
export interface IssuedTokens {
  /**
   * Mints a token, or returns the current one of a shared grant.
   *
   * @param bounds What holds a token that is not shared.
   */
  obtain(grant: NamedIssuedGrant, bounds: TokenBounds): Promise<MintedToken>
}

/** What a token is bound to, and with what it ends. */
export interface TokenBounds {
  /** For a grant with a binding. */
  readonly cnf?: Confirmation | undefined
  /** For a grant that requires a session: its family, and when it ends in seconds since 1970. */
  readonly session?: { readonly family: string; readonly exp: number } | undefined
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
    { cnf, session }: TokenBounds = {},
  ): Promise<MintedToken> => {
    const bounds = { tiles, cnf, sid: session?.family }
    const token = await mint({ ...identity, token_type: 'api_token', scope, exp, ...bounds })
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
    obtain: async (grant, bounds) => {
      const seconds = Math.floor(now() / 1000)
      if (grant.shared) return share(grant, computeSharedExpiry(seconds, grant.expiresInSeconds))
      const end = bounds.session?.exp ?? Number.POSITIVE_INFINITY
      const exp = Math.min(seconds + grant.expiresInSeconds, end)
      // A session within the leeway has no lifetime left to hand on.
      if (exp <= seconds) throw new InvalidSessionError()
      return mintUntil(grant, identify(grant), exp, bounds)
    },
  }
}
