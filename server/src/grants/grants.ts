import type { Confirmation } from '@tilepass/guard'
import { type ObtainedToken, toObtainedToken } from '../issuer/obtained-token.ts'
import type { Meter } from '../observe/meter.ts'
import type { Revocations } from '../store/revocations.ts'
import { chooseDataset } from './choose-dataset.ts'
import { AccountDisabledError, UnknownGrantError } from './errors.ts'
import type { NamedGrant } from './grant.ts'
import type { NamedIssuedGrant } from './issued-grant.ts'
import type { IssuedTokens } from './issued-tokens.ts'
import type { NamedRelayedGrant } from './relayed-grant.ts'
import type { RelayedTokens } from './relayed-tokens.ts'

/** The session of a page: its tokens end with it. */
export interface PageSession {
  /** Id of its family. */
  readonly family: string
  /** Seconds since 1970. */
  readonly exp: number
}

/** What the request of a page adds to its grant. */
export interface PageRequest {
  /** Member `dataset` of the request body, unchecked; only relayed grants use it. */
  readonly dataset: unknown
  /** The session of the page; `undefined` without one that the broker knows. */
  readonly session: PageSession | undefined
  /** What the token of a grant with a binding is bound to. */
  readonly cnf: Confirmation | undefined
}

/** The grants of this broker. */
export interface Grants {
  /** @throws {@link UnknownGrantError} */
  get(name: string | undefined): NamedGrant
  /** Every origin that some grant names, for preflight requests. */
  readonly origins: ReadonlySet<string>
  /**
   * Obtains a token for a page: mints one, or requests one from the upstream of the grant.
   *
   * @throws {@link AccountDisabledError} if the grant's account was disabled; `UnknownDatasetError` or
   *   `InvalidRequestError` for an unusable dataset; `UpstreamError`.
   */
  obtain(grant: NamedGrant, request: PageRequest): Promise<ObtainedToken>
}

/** What {@link createGrants} needs. */
export interface GrantsParts {
  readonly list: readonly NamedGrant[]
  readonly issuedTokens: IssuedTokens
  readonly relayedTokens: RelayedTokens
  readonly revocations: Revocations
  readonly meter?: Meter | undefined
  /** Epoch ms. */
  readonly now: () => number
}

/** Name of the grant that a page gets when it names none. */
const DEFAULT_GRANT = 'default'

/** Creates the grants of a broker. */
export function createGrants(parts: GrantsParts): Grants {
  const { list, issuedTokens, relayedTokens, revocations, meter, now } = parts
  const byName = new Map(list.map((grant) => [grant.name, grant]))

  const assertActive = async ({ owner }: NamedGrant) => {
    if (owner && (await revocations.isRevoked(owner.orgId))) throw new AccountDisabledError()
  }

  const issue = async (grant: NamedIssuedGrant, { session, cnf }: PageRequest) =>
    toObtainedToken(await issuedTokens.obtain(grant, { cnf, session }), now())

  const relay = async (grant: NamedRelayedGrant, { dataset, session }: PageRequest) => {
    const request = { dataset: chooseDataset(grant, dataset), session: session?.family }
    const { token, scope, expiresAt } = await relayedTokens.obtain(grant, request)
    // Rounded down: a page must never assume more than is left.
    const expiresInSeconds = Math.floor((expiresAt - now()) / 1000)
    return { token, scope, expiresAt, expiresInSeconds }
  }

  return {
    origins: new Set(list.flatMap(({ origins = [] }) => origins)),
    get: (name = DEFAULT_GRANT) => {
      const grant = byName.get(name)
      if (!grant) throw new UnknownGrantError()
      return grant
    },
    obtain: async (grant, request) => {
      await assertActive(grant)
      const token = await (grant.kind === 'issued' ? issue(grant, request) : relay(grant, request))
      meter?.countExchange(grant.kind)
      return token
    },
  }
}
