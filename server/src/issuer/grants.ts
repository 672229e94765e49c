import type { Confirmation } from '@tilepass/guard'
import { AccountDisabledError, UnknownGrantError } from '../errors.ts'
import type { Account } from '../store/accounts.ts'
import type { Revocations } from '../store/revocations.ts'
import type { NamedRelayedGrant } from '../upstreams/grant.ts'
import type { Grant } from './grant.ts'
import { type AccessToken, createTokenId, type Mint } from './mint.ts'

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
  mint(grant: NamedGrant, cnf?: Confirmation): Promise<AccessToken>
  /** @throws {@link AccountDisabledError} if the grant has an account and it was disabled. */
  assertActive(grant: { readonly owner: Account | undefined }): Promise<void>
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
  const shared = new Map<string, { readonly exp: number; readonly token: Promise<AccessToken> }>()

  const mintUntil = async (
    grant: NamedGrant,
    exp: number,
    cnf?: Confirmation,
  ): Promise<AccessToken> => {
    const iat = Math.floor(now() / 1000)
    const token = await mint({
      sub: createTokenId('tok_short_'),
      orgId: grant.owner.orgId,
      scope: grant.scope,
      iat,
      exp,
      parent: `grant_${grant.name}`,
      tiles: grant.tiles,
      cnf,
    })
    return { token, scope: grant.scope, iat, exp }
  }

  const assertActive = async ({ owner }: { readonly owner: Account | undefined }) => {
    if (owner && (await revocations.includesAny([owner.orgId]))) throw new AccountDisabledError()
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
      if (!grant.shared) return mintUntil(grant, seconds + grant.expiresInSeconds, cnf)
      const exp = findSharedExpiry(seconds, grant.expiresInSeconds)
      const current = shared.get(grant.name)
      if (current?.exp === exp) return current.token
      // Remembered before it resolves: a thousand visitors at a boundary cost one signature.
      const token = mintUntil(grant, exp)
      shared.set(grant.name, { exp, token })
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
