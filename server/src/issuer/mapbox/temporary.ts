import { isRestricted, narrow } from '../narrow.ts'
import type { MapboxBearer } from './check.ts'
import type { MapboxCodec } from './codec.ts'
import { InvalidExpiresError, InvalidRestrictionError, toExceededError } from './errors.ts'
import { assertScopes } from './scopes.ts'

/** Longest lifetime, in ms. */
const MAX_LIFETIME = 3_600_000
/** Clients ask for exactly an hour by their own clocks, so this much more is accepted; ms. */
const MAX_AHEAD = 10_000

/** A new temporary token. */
export interface TemporaryToken {
  readonly token: string
  /** Epoch ms, whole seconds. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** What the client asks for in a temporary token. */
export interface TemporaryRequest {
  readonly scopes: readonly string[]
  /** Epoch ms. */
  readonly expiresAt: number
}

/**
 * Creates a temporary token of at most an hour. It is kept nowhere; it ends with the token that it came
 * from, and with its account. A token with restrictions creates none, because a temporary token cannot hold them.
 *
 * @throws {@link InvalidExpiresError}, `InvalidScopesError`, {@link InvalidRestrictionError}
 */
export function createTemporaryToken(
  codec: MapboxCodec,
  bearer: MapboxBearer,
  { scopes, expiresAt }: TemporaryRequest,
  now: number,
): TemporaryToken {
  if (isRestricted(bearer)) throw new InvalidRestrictionError('resources')
  const iat = Math.floor(now / 1000)
  const wanted = Math.floor(expiresAt / 1000)
  if (wanted <= iat) throw new InvalidExpiresError('is in the past')
  if (expiresAt > now + MAX_LIFETIME + MAX_AHEAD)
    throw new InvalidExpiresError('is more than one hour in the future')
  const { exceeded } = narrow(bearer, { scopes, exp: wanted })
  if (exceeded) throw toExceededError(exceeded)
  assertScopes(scopes, bearer.scopes)
  const a = bearer.id ?? bearer.parent
  const { name: u, orgId: o } = bearer.account
  const payload = { u, exp: wanted, iat, scopes, client: 'api', a, o } as const
  return {
    token: codec.writeTemporary(payload),
    issuedAt: iat * 1000,
    expiresAt: wanted * 1000,
  }
}
