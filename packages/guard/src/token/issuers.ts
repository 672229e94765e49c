import { compactVerify } from 'jose'
import { InvalidTokenError } from '../errors.ts'
import {
  isSupportedAlgorithm,
  type JsonWebKeySet,
  type KeySource,
  type VerificationKey,
} from '../keys/key-set.ts'
import { createLocalKeys } from '../keys/local-keys.ts'
import { createRemoteKeys } from '../keys/remote-keys.ts'
import { isRecord } from '../options/is-record.ts'
import { booleanRule, isText, type OptionRules } from '../options/option-rules.ts'
import { type ClaimRules, parseClaims, type RequiredClaims, type TokenClaims } from './claims.ts'
import type { CompactJws } from './compact-jws.ts'
import { createRevocationFeed, type RevocationFeed } from './revocation-feed.ts'

/** An issuer to trust, and what its tokens must be. Durations in ms. */
export interface IssuerOptions {
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
  /** Required `typ` of the header. Without it `JWT`, `at+jwt` and none will do. @see RFC 8725 §3.11 */
  readonly type?: 'JWT' | 'at+jwt'
  /** Required value of `token_type`; `null` for issuers without that claim. Default `'api_token'`. */
  readonly tokenType?: string | null
  /** Further claims that must have exactly this value, or one of these. */
  readonly requiredClaims?: RequiredClaims
  /**
   * Does the issuer call tokens back? Then `revocations.json` beside its key set is read while tokens
   * come: a revoked one is refused within 6 s. While the issuer cannot be asked they pass for a minute
   * more, and then none does. Default `false`: a token runs until it ends. Needs `jwks` to be a URL.
   */
  readonly revocable?: boolean
}

/** What an issuer's keys are fetched with. */
export interface KeyAccess {
  readonly fetch: typeof globalThis.fetch
  /** Epoch ms. */
  readonly now: () => number
  /** Time limit of a fetch, in ms. */
  readonly timeout: number
}

/** A trusted issuer with its own keys and rules: a key of one never signs for another. */
export interface TrustedIssuer {
  readonly leeway: number
  readonly revocations: RevocationFeed | undefined
  /** The key, if it is at hand. */
  peekKey(keyId: string): VerificationKey | undefined
  /** @throws `InvalidTokenError` for an unknown `kid`; `KeysUnavailableError`. */
  findKey(keyId: string): Promise<VerificationKey>
  /** Checks signature and claims. @throws `InvalidTokenError`, `TokenExpiredError` */
  check(token: string, jws: CompactJws, key: VerificationKey): Promise<TokenClaims>
}

const textRule = { isValid: isText, rule: 'must be a text, and not empty', isRequired: true }

/** What the options of an issuer must be. */
export const ISSUER_RULES: OptionRules<IssuerOptions> = {
  issuer: textRule,
  audience: textRule,
  jwks: {
    isValid: isKeySource,
    rule: 'must be the http(s) URL of a key set, or a key set: { keys: [...] }',
    isRequired: true,
  },
  algorithms: {
    isValid: (value) => isListOf(value, isSupportedAlgorithm),
    rule: 'must be a list of public-key signature algorithms, such as ["RS256"]',
  },
  leeway: {
    isValid: (value) => Number.isFinite(value) && Number(value) >= 0,
    rule: 'must be a number of ms, and not negative',
  },
  maxLifetime: {
    isValid: (value) => typeof value === 'number' && value > 0,
    rule: 'must be a positive number of ms',
  },
  type: {
    isValid: (value) => value === 'JWT' || value === 'at+jwt',
    rule: 'must be "JWT" or "at+jwt"',
  },
  tokenType: {
    isValid: (value) => value === null || isText(value),
    rule: 'must be a text and not empty, or null',
  },
  requiredClaims: {
    isValid: (value) => isRecord(value) && Object.values(value).every(isRequiredValue),
    rule: 'must be an object of texts, numbers, booleans, or lists of texts',
  },
  revocable: booleanRule,
}

/**
 * @param options As {@link ISSUER_RULES} want them.
 * @throws `TypeError` for options that do not go together.
 */
export function trustIssuer(options: IssuerOptions, access: KeyAccess): TrustedIssuer {
  const { issuer, audience, jwks, algorithms = ['RS256'], leeway = 1_000, type } = options
  const { maxLifetime = 366 * 86_400_000, tokenType = 'api_token', requiredClaims = {} } = options
  const { revocable = false } = options
  const rules: ClaimRules = { issuer, audience, tokenType, requiredClaims, leeway, maxLifetime }
  const url = typeof jwks === 'string' || jwks instanceof URL ? new URL(jwks) : undefined
  if (revocable && !url) throw new TypeError('"revocable" needs "jwks" to be a URL')
  const keys: KeySource =
    typeof jwks === 'string' || jwks instanceof URL
      ? createRemoteKeys(new URL(jwks), { algorithms, ...access })
      : createLocalKeys(jwks, algorithms)

  return {
    leeway,
    revocations:
      revocable && url ? createRevocationFeed(new URL('revocations.json', url), access) : undefined,
    peekKey: keys.peek,
    findKey: async (keyId) => {
      const key = await keys.find(keyId)
      if (!key) throw new InvalidTokenError('unknown kid')
      return key
    },
    check: async (token, jws, key) => {
      if (jws.algorithm !== key.algorithm) throw new InvalidTokenError('other algorithm')
      if (type !== undefined && jws.type !== type) throw new InvalidTokenError('other typ')
      try {
        await compactVerify(token, key.key, {
          algorithms: [key.algorithm],
          crit: { tiles: true },
        })
      } catch (cause) {
        throw new InvalidTokenError('wrong signature', { cause })
      }
      const claims = parseClaims(jws.payload, rules, access.now())
      if (jws.hasCriticalTiles && !claims.tiles) throw new InvalidTokenError('no tiles')
      return claims
    },
  }
}

function isKeySource(value: unknown): boolean {
  if (typeof value === 'string' || value instanceof URL)
    return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
  return isRecord(value) && Array.isArray(value.keys)
}

function isRequiredValue(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) || isListOf(value, () => true)
}

/** Is this a list of texts that fit, at least one? */
function isListOf(value: unknown, fits: (text: string) => boolean): boolean {
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every((entry) => typeof entry === 'string' && fits(entry))
}
