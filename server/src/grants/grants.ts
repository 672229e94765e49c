import type { Confirmation } from '@tilepass/guard'
import { createTokenId, type Mint, type MintedToken } from '../issuer/mint.ts'
import type { Account } from '../store/accounts.ts'
import type { RevocableToken, Revocations } from '../store/revocations.ts'
import { AccountDisabledError, UnknownGrantError } from './errors.ts'
import type { Grant } from './issued-grant.ts'
import type { NamedRelayedGrant } from './relayed-grant.ts'

/** A grant with its name and the account that it is for. */
export interface NamedGrant extends Grant {
  readonly name: string
  readonly owner: Account
}

/** The grants of this broker. */
export interface Grants {
  /** @throws {@link UnknownGrantError} */
  get(name: string | undefined): NamedGrant | NamedRelayedGrant
  /** Every origin that some grant names, for preflights. */
  readonly origins: ReadonlySet<string>
  /**
   * Mints an access token, or hands out the current one of a shared grant.
   *
   * @param cnf What the token of a grant with a binding is bound to.
   * @throws {@link AccountDisabledError}
   */
  mint(grant: NamedGrant, cnf?: Confirmation): Promise<MintedToken>
  /** @throws {@link AccountDisabledError} if the grant has an account and it was disabled. */
  assertActive(grant: { readonly owner: Account | undefined }): Promise<void>
}

/** The current token of a shared grant. */
interface SharedToken {
  readonly exp: number
  readonly identity: RevocableToken
  readonly token: Promise<MintedToken>
}

/** Name of the grant that a page gets when it names none. */
export const DEFAULT_GRANT = 'default'

/** Creates the grants' side of the issuer. */
export function createGrants(
  list: readonly (NamedGrant | NamedRelayedGrant)[],
  mint: Mint,
  revocations: Revocations,
  now: () => number,
): Grants {
  const byName = new Map(list.map((grant) => [grant.name, grant]))
  const shared = new Map<string, SharedToken>()

  const identify = ({ name, owner }: NamedGrant) => ({
    sub: createTokenId('tok_short_'),
    parent: `grant_${name}`,
    org_id: owner.orgId,
    iat: Math.floor(now() / 1000),
  })

  const mintUntil = async (
    { scope, tiles }: NamedGrant,
    { sub, parent, org_id, iat }: ReturnType<typeof identify>,
    exp: number,
    cnf?: Confirmation,
  ): Promise<MintedToken> => {
    const token = await mint({
      sub,
      org_id,
      token_type: 'api_token',
      scope,
      iat,
      exp,
      parent,
      tiles,
      cnf,
    })
    return { token, scope, iat, exp }
  }

  const assertActive = async ({ owner }: { readonly owner: Account | undefined }) => {
    if (owner && (await revocations.isRevoked(owner.orgId))) throw new AccountDisabledError()
  }

  return {
    assertActive,
    origins: new Set(list.flatMap(({ origins = [] }) => origins)),
    get: (name = DEFAULT_GRANT) => {
      const grant = byName.get(name)
      if (!grant) throw new UnknownGrantError()
      return grant
    },
    mint: async (grant, cnf) => {
      await assertActive(grant)
      const seconds = Math.floor(now() / 1000)
      if (!grant.shared)
        return mintUntil(grant, identify(grant), seconds + grant.expiresInSeconds, cnf)
      const exp = findSharedExpiry(seconds, grant.expiresInSeconds)
      const known = shared.get(grant.name)
      // Called back meanwhile, by its id or by an epoch: a renewal must give another.
      const isGood = known?.exp === exp && !(await revocations.refuses(known.identity))
      const current = shared.get(grant.name)
      if (current && (isGood || current !== known)) return current.token
      // Remembered before it resolves: a thousand visitors at a boundary cost one signature.
      const identity = identify(grant)
      const token = mintUntil(grant, identity, exp)
      shared.set(grant.name, { exp, identity, token })
      token.catch(() => shared.delete(grant.name))
      return token
    },
  }
}

/**
 * When a shared token minted now ends: at the boundary after next of half a lifetime. So every
 * answer has between half of its lifetime and all of it left.
 *
 * @param seconds Now, in seconds since 1970; so is the result.
 */
export function findSharedExpiry(seconds: number, lifetimeSeconds: number): number {
  const half = lifetimeSeconds / 2
  return (Math.floor(seconds / half) + 2) * half
}
