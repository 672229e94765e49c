import { compactVerify } from 'jose'
import { type ClaimRules, isExpired, parseClaims, type TokenClaims } from './claims.ts'
import { parseCompactJws } from './compact-jws.ts'
import { InvalidTokenError, TokenExpiredError } from './errors.ts'
import { isSupportedAlgorithm, type JsonWebKeySet, type KeySource } from './key-set.ts'
import { createLocalKeys } from './local-keys.ts'
import { createRemoteKeys } from './remote-keys.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** Settings of {@link createVerifier}. Durations in ms. */
export interface VerifierOptions {
  /** Exact value of `iss`. */
  readonly issuer: string
  /** Exact value of `aud`, or one of its members. */
  readonly audience: string
  /** URL of the issuer's key set, or the key set itself. */
  readonly jwks: string | URL | JsonWebKeySet
  /** Signature algorithms to accept; the token has no say. Default `['RS256']`. */
  readonly algorithms?: readonly string[]
  /** Slack allowed at `exp` and `nbf`. Default 1 s. @see RFC 7519 §4.1.4 */
  readonly leeway?: number
  /** Longest `exp − iat` to accept. Default 366 days. */
  readonly maxLifetime?: number
  /** Required value of `token_type`; `null` for issuers without that claim. Default `'api_token'`. */
  readonly tokenType?: string | null
  /** Asked at every use, cached or not. If it throws, so does `verify`: fail closed. */
  readonly isRevoked?: (claims: TokenClaims) => boolean | Promise<boolean>
  /** Verified tokens to remember. Default 1000; 0 remembers none. */
  readonly cacheSize?: number
  /** Time limit of a key set fetch. Default 5 s. */
  readonly timeout?: number
  readonly fetch?: typeof globalThis.fetch
  /** Epoch ms. */
  readonly now?: () => number
}

/** Where a request says that it comes from: its headers of the same names. */
export interface RequestSource {
  readonly referer?: string | undefined
  readonly origin?: string | undefined
}

/** Decides whether a string is a genuine, current token of the issuer it was made for. */
export interface Verifier {
  /**
   * Resolves to the claims of a good token.
   *
   * @throws `InvalidTokenError`, `TokenExpiredError`, or `KeysUnavailableError` when no key could
   *   ever be fetched.
   * @param source For verifiers of tokens that only some pages may use; {@link createVerifier}'s own
   *   needs none.
   */
  verify(token: string, source?: RequestSource): Promise<TokenClaims>
}

/**
 * Creates a verifier. Nothing is fetched before the first `verify`.
 *
 * @throws `TypeError` or `RangeError` for options that cannot work.
 * @see RFC 8725
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, audience, jwks, algorithms = ['RS256'], leeway = 1_000 } = options
  const { maxLifetime = 366 * 86_400_000, tokenType = 'api_token', isRevoked } = options
  const { cacheSize = 1_000, timeout = 5_000, now = () => Date.now() } = options
  if (!issuer || !audience) throw new TypeError('"issuer" and "audience" must not be empty')
  if (algorithms.length === 0 || !algorithms.every(isSupportedAlgorithm))
    throw new TypeError('"algorithms" must name public-key signature algorithms')
  if (!(leeway >= 0)) throw new RangeError('"leeway" must not be negative')
  if (!(maxLifetime > 0)) throw new RangeError('"maxLifetime" must be positive')
  const rules: ClaimRules = { issuer, audience, tokenType, leeway, maxLifetime }
  const fetch: typeof globalThis.fetch =
    options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const keys: KeySource =
    typeof jwks === 'string' || jwks instanceof URL
      ? createRemoteKeys(new URL(jwks), { algorithms, fetch, now, timeout })
      : createLocalKeys(jwks, algorithms)
  const verified = createVerifiedTokens(cacheSize, leeway)

  const findKey = async (keyId: string) => {
    const key = await keys.find(keyId)
    if (!key) throw new InvalidTokenError('unknown kid')
    return key
  }

  const check = async (token: string): Promise<TokenClaims> => {
    const cached = verified.find(token, now())
    // The key may have left the set since: then its tokens are worth nothing, remembered or not.
    if (cached && (await findKey(cached.keyId)).key === cached.key.key) return cached.claims
    const { algorithm, keyId, payload } = parseCompactJws(token)
    const key = await findKey(keyId)
    if (algorithm !== key.algorithm) throw new InvalidTokenError('other algorithm')
    try {
      await compactVerify(token, key.key, { algorithms: [key.algorithm] })
    } catch (cause) {
      throw new InvalidTokenError('wrong signature', { cause })
    }
    const claims = parseClaims(payload, rules, now())
    verified.remember(token, { keyId, key, claims })
    return claims
  }

  return {
    verify: async (token) => {
      const claims = await check(token)
      if (await isRevoked?.(claims)) throw new InvalidTokenError('revoked')
      if (isExpired(claims.exp, leeway, now())) throw new TokenExpiredError()
      return claims
    },
  }
}
