import { compactVerify } from 'jose'
import { InvalidTokenError } from '../errors.ts'
import type { FetchAccess } from '../keys/fetch-json.ts'
import type { KeySource, VerificationKey } from '../keys/key-set.ts'
import { createLocalKeys } from '../keys/local-keys.ts'
import { createRemoteKeys } from '../keys/remote-keys.ts'
import { type ClaimRules, parseClaims, type TokenClaims } from './claims.ts'
import type { CompactJws } from './compact-jws.ts'
import type { IssuerOptions } from './issuer-options.ts'
import { createMismatch } from './mismatch.ts'
import type { RevocationCheck } from './revocation-check.ts'
import { createRevocationFeed } from './revocation-feed.ts'

/** A trusted issuer with its own keys and rules: no key of one issuer verifies a token of another. */
export interface TrustedIssuer {
  readonly leeway: number
  /** The revocations that the issuer publishes, if it does. */
  readonly revocations: RevocationCheck | undefined
  /** The key, if it is in memory. */
  peekKey(keyId: string): VerificationKey | undefined
  /** @throws `InvalidTokenError` for an unknown `kid`; `KeysUnavailableError`. */
  getKey(keyId: string): Promise<VerificationKey>
  /** Checks signature and claims. @throws `InvalidTokenError`, `TokenExpiredError` */
  check(token: string, jws: CompactJws, key: VerificationKey): Promise<TokenClaims>
}

/**
 * Creates a trusted issuer. Nothing is fetched before its first token.
 *
 * @param options Valid by the `ISSUER_RULES`.
 * @param access The clock (epoch ms), and how the issuer's documents are fetched.
 * @throws `TypeError` for options that contradict each other.
 */
export function createTrustedIssuer(
  options: IssuerOptions,
  access: FetchAccess & { readonly now: () => number },
): TrustedIssuer {
  const { issuer, audience, jwks, algorithms = ['RS256'], leeway = 1_000, type } = options
  const { maxLifetime = 366 * 86_400_000, tokenType = 'api_token', requiredClaims = {} } = options
  const { revocable = false, maxKeyAge = 86_400_000 } = options
  const rules: ClaimRules = { issuer, audience, tokenType, requiredClaims, leeway, maxLifetime }
  const url = typeof jwks === 'string' || jwks instanceof URL ? new URL(jwks) : undefined
  if (revocable && !url) throw new TypeError('"revocable" requires "jwks" to be a URL')
  const keys: KeySource =
    typeof jwks === 'string' || jwks instanceof URL
      ? createRemoteKeys(new URL(jwks), { algorithms, maxKeyAge, ...access })
      : createLocalKeys(jwks, algorithms)

  return {
    leeway,
    revocations:
      revocable && url ? createRevocationFeed(new URL('revocations.json', url), access) : undefined,
    peekKey: keys.peek,
    getKey: async (keyId) => {
      const key = await keys.find(keyId)
      if (!key) throw new InvalidTokenError('unknown kid')
      return key
    },
    check: async (token, jws, key) => {
      if (jws.algorithm !== key.algorithm)
        throw createMismatch('algorithm', key.algorithm, jws.algorithm)
      if (type !== undefined && jws.type !== type) throw createMismatch('typ', type, jws.type)
      try {
        await compactVerify(token, key.key, {
          algorithms: [key.algorithm],
          crit: { tiles: true },
        })
      } catch (cause) {
        throw new InvalidTokenError('signature verification failed', { cause })
      }
      const claims = parseClaims(jws.payload, rules, access.now())
      if (jws.hasCriticalTiles && !claims.tiles)
        throw new InvalidTokenError('critical tiles claim is missing')
      return claims
    },
  }
}
