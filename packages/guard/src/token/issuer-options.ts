import { findAlgorithm } from '../keys/algorithms.ts'
import type { JsonWebKeySet } from '../keys/key-set.ts'
import { isRecord } from '../options/is-record.ts'
import { booleanRule, isNonEmptyString, type OptionRules } from '../options/option-rules.ts'
import type { RequiredClaims } from './required-claims.ts'

/** An issuer to trust, and the rules for its tokens. Durations in ms. */
export interface IssuerOptions {
  /** Exact value of `iss`. */
  readonly issuer: string
  /**
   * Exact value of `aud`, or one of its members. `null` for an issuer whose tokens have none, such as
   * Cognito: then `requiredClaims` must tell tokens for you from others.
   */
  readonly audience: string | null
  /** URL of the issuer's key set, or the key set itself. */
  readonly jwks: string | URL | JsonWebKeySet
  /**
   * How long the known keys count while the key set cannot be fetched. After that every token is refused
   * (503) until it can be. Default 24 h. Only for a `jwks` that is a URL.
   */
  readonly maxKeyAge?: number
  /** Accepted signature algorithms; the token cannot choose another. Default `['RS256']`. */
  readonly algorithms?: readonly string[]
  /**
   * Slack allowed at `exp` and `nbf`. Default 1 s. With `tokenType: null`, `nbf` may be 30 s ahead anyway,
   * as `iat` always may.
   *
   * @see RFC 7519 §4.1.4
   */
  readonly leeway?: number
  /** Longest accepted `exp − iat`. Default 366 days. */
  readonly maxLifetime?: number
  /**
   * Required `typ` of the header. By default `JWT`, `at+jwt` and a header without `typ` are accepted. With
   * `tokenType: null` its case and the prefix `application/` mean nothing.
   *
   * @see RFC 8725 §3.11, RFC 9068 §4
   */
  readonly type?: 'JWT' | 'at+jwt'
  /**
   * Required value of `token_type`, or a list of accepted ones. Such tokens are checked as strictly as our
   * broker writes them. `null` for any other issuer: then the minimum of RFC 7519 and RFC 8725 is checked,
   * and ID, refresh and other tokens are refused that say what they are. Default `'api_token'`.
   */
  readonly tokenType?: string | readonly string[] | null
  /**
   * Further claims that must have exactly this value, or one of these. With `tokenType: null`, a required
   * `typ`, `token_use` or `token_type` replaces what the guard would say about that claim.
   */
  readonly requiredClaims?: RequiredClaims
  /**
   * Does the issuer publish revocations? Then the guard reads `revocations.json` beside the key set
   * while tokens are used, and refuses a revoked token within 6 s. While the feed is unreachable, the
   * last known one counts for a minute; after that every token is refused. Default `false`: a token
   * is accepted until it expires. Requires `jwks` to be a URL.
   */
  readonly revocable?: boolean
}

const nonEmptyStringRule = {
  isValid: isNonEmptyString,
  rule: 'must be a non-empty string',
  isRequired: true,
}

/** The rules for the options of an issuer. */
export const ISSUER_RULES: OptionRules<IssuerOptions> = {
  issuer: nonEmptyStringRule,
  audience: {
    isValid: (value) => value === null || isNonEmptyString(value),
    rule: 'must be a non-empty string, or null for an issuer whose tokens have none',
    isRequired: true,
  },
  jwks: {
    isValid: isKeySource,
    rule: 'must be the http(s) URL of a key set, or a key set: { keys: [...] }',
    isRequired: true,
  },
  maxKeyAge: {
    isValid: (value) => typeof value === 'number' && value > 0,
    rule: 'must be a positive number of ms',
  },
  algorithms: {
    isValid: (value) => isListOf(value, (name) => findAlgorithm(name) !== undefined),
    rule: 'must be a non-empty list of public-key signature algorithms, such as ["RS256"]',
  },
  leeway: {
    isValid: (value) => Number.isFinite(value) && Number(value) >= 0,
    rule: 'must be a non-negative number of ms',
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
    isValid: (value) =>
      value === null || isNonEmptyString(value) || isListOf(value, isNonEmptyString),
    rule: 'must be a non-empty string, a list of them, or null',
  },
  requiredClaims: {
    isValid: (value) => isRecord(value) && Object.values(value).every(isRequiredValue),
    rule: 'must be an object of strings, numbers, booleans, or non-empty lists of strings',
  },
  revocable: booleanRule,
}

function isKeySource(value: unknown): boolean {
  if (typeof value === 'string' || value instanceof URL)
    return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
  return isRecord(value) && Array.isArray(value.keys)
}

function isRequiredValue(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) || isListOf(value, () => true)
}

/** Is this a non-empty list of strings that are all valid? */
function isListOf(value: unknown, isValid: (text: string) => boolean): boolean {
  if (!Array.isArray(value) || value.length === 0) return false
  return value.every((entry) => typeof entry === 'string' && isValid(entry))
}
