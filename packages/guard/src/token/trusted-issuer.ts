import { InvalidTokenError } from '../errors.ts'
import type { FetchAccess } from '../keys/fetch-json.ts'
import { describeSkipped, findKey, type KeySet, type KeySource } from '../keys/key-set.ts'
import { createLocalKeys } from '../keys/local-keys.ts'
import { createRemoteKeys } from '../keys/remote-keys.ts'
import type { WaitUntil } from '../keys/single-flight.ts'
import { isSignatureOf, type VerificationKey } from '../keys/verification-key.ts'
import type { TokenClaims } from './claims.ts'
import type { CompactJws } from './compact-jws.ts'
import type { TokenHeader } from './header.ts'
import type { IssuerOptions } from './issuer-options.ts'
import { createMismatch } from './mismatch.ts'
import type { RevocationFeed } from './revocation-check.ts'
import { createRevocationFeed } from './revocation-feed.ts'
import { createTokenRules } from './token-rules.ts'

/** A token that an issuer has signed, and the key that verified it. */
export interface SignedToken {
  readonly claims: TokenClaims
  readonly key: VerificationKey
  /** `kid` of the key; empty if neither key nor token has one. */
  readonly keyId: string
}

/** A trusted issuer with its own keys and rules: no key of one issuer verifies a token of another. */
export interface TrustedIssuer {
  readonly leeway: number
  /** The revocations that the issuer publishes, if it does. */
  readonly revocations: RevocationFeed | undefined
  /** Is this key in memory, and still one of the issuer's, as far as is known without waiting? */
  holds(key: VerificationKey, waitUntil?: WaitUntil): boolean
  /**
   * Checks header, signature and claims.
   *
   * @throws `InvalidTokenError`, `TokenExpiredError`, `KeysUnavailableError`
   */
  check(jws: CompactJws, waitUntil?: WaitUntil): Promise<SignedToken>
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
  const { jwks, algorithms = ['RS256'], type } = options
  const { revocable = false, maxKeyAge = 86_400_000 } = options
  const rules = createTokenRules(options)
  const url = typeof jwks === 'string' || jwks instanceof URL ? new URL(jwks) : undefined
  if (revocable && !url) throw new TypeError('"revocable" requires "jwks" to be a URL')
  const keys: KeySource =
    typeof jwks === 'string' || jwks instanceof URL
      ? createRemoteKeys(new URL(jwks), { algorithms, maxKeyAge, ...access })
      : createLocalKeys(jwks, algorithms)

  /** Without `kid`, an old key may have been tried: then once more, if there is a new one. */
  const verifyByAnyKey = async (
    jws: CompactJws,
    header: TokenHeader,
    waitUntil: WaitUntil | undefined,
  ): Promise<VerificationKey> => {
    const key = getKey(await keys.load(header, waitUntil), header)
    try {
      await verifySignature(jws, key)
      return key
    } catch (error) {
      const newer =
        header.keyId === undefined ? findKey(await keys.reload(waitUntil), header) : undefined
      if (!newer || newer.material === key.material) throw error
      await verifySignature(jws, newer)
      return newer
    }
  }

  return {
    leeway: rules.leeway,
    revocations:
      revocable && url ? createRevocationFeed(new URL('revocations.json', url), access) : undefined,
    holds: (key, waitUntil) => keys.peek(waitUntil)?.keys.includes(key) ?? false,
    check: async (jws, waitUntil) => {
      const header = rules.parseHeader(jws)
      if (type !== undefined && header.type !== type) throw createMismatch('typ', type, header.type)
      const key = await verifyByAnyKey(jws, header, waitUntil)
      const claims = await rules.parseClaims(jws, access.now())
      if (header.hasCriticalTiles && !claims.tiles)
        throw new InvalidTokenError('critical tiles claim is missing')
      return { claims, key, keyId: key.keyId ?? header.keyId ?? '' }
    },
  }
}

/** @throws `InvalidTokenError` that says why there is no key for the token. */
function getKey(set: KeySet, header: TokenHeader): VerificationKey {
  const key = findKey(set, header)
  if (key) return key
  const { keyId, algorithm } = header
  const named = set.keys.find((other) => other.keyId === keyId)
  if (keyId !== undefined && named) throw createMismatch('algorithm', named.algorithm, algorithm)
  const reason = keyId === undefined ? 'no kid, and not exactly one key fits' : 'unknown kid'
  const skipped = describeSkipped(set, keyId)
  throw new InvalidTokenError(skipped === '' ? reason : `${reason}; ${skipped}`)
}

/** @throws `InvalidTokenError` unless the key signed the token. */
async function verifySignature(
  { signature, signingInput }: CompactJws,
  key: VerificationKey,
): Promise<void> {
  if (!(await isSignatureOf(key, signature, signingInput)))
    throw new InvalidTokenError('signature verification failed')
}
