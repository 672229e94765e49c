import {
  type GuardError,
  InvalidTokenError,
  TileNotPermittedError,
  TokenExpiredError,
} from '../errors.ts'
import {
  assertOptions,
  functionRule,
  type OptionRule,
  type OptionRules,
} from '../options/option-rules.ts'
import { isConfirmed } from './binding.ts'
import { isExpired, type TokenClaims } from './claims.ts'
import { parseCompactJws } from './compact-jws.ts'
import { ISSUER_RULES, type IssuerOptions, type TrustedIssuer, trustIssuer } from './issuers.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** Settings of {@link createVerifier}: one issuer, or several. Durations in ms. */
export type VerifierOptions = VerifierSettings &
  (IssuerOptions | { readonly issuers: readonly IssuerOptions[] })

interface VerifierSettings {
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

/** Node's timers know no more, and take what is longer for nothing. */
const MAX_TIMEOUT = 2 ** 31 - 1

const SETTINGS_RULES: OptionRules<VerifierSettings> = {
  isRevoked: functionRule,
  cacheSize: {
    isValid: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
    rule: 'must be a whole number, and not negative',
  },
  timeout: {
    isValid: (value) =>
      Number.isInteger(value) && Number(value) > 0 && Number(value) <= MAX_TIMEOUT,
    rule: `must be a whole number of ms from 1 to ${MAX_TIMEOUT}`,
  },
  fetch: functionRule,
  now: functionRule,
}

const issuersRule: OptionRule = {
  isValid: (value) => Array.isArray(value) && value.length > 0,
  rule: 'must be a list of issuers, and not empty',
  isRequired: true,
}

/** What these options of a verifier must be: of one issuer, or of several. */
export function findVerifierRules(options: VerifierOptions): Readonly<Record<string, OptionRule>> {
  return 'issuers' in options
    ? { ...SETTINGS_RULES, issuers: issuersRule }
    : { ...SETTINGS_RULES, ...ISSUER_RULES }
}

/** What is known of the request that a token came with. */
export interface TokenUse {
  /** The page that asks, as its headers of these names say. */
  readonly referer?: string | undefined
  readonly origin?: string | undefined
  /**
   * The caller keeps the token to its `tiles`. Without this a token that is restricted to some tiles
   * is refused: nobody takes it for a full one by not knowing.
   */
  readonly keepsTileClaims?: boolean
  /** Its `Cookie` header. Without the right one a token that is bound to a cookie is refused. */
  readonly cookie?: string | undefined
  /** The caller only reads the token, or checks its `cnf` itself. */
  readonly keepsBinding?: boolean
}

/** Decides whether a string is a genuine, current token of the issuer it was made for. */
export interface Verifier {
  /**
   * Resolves to the claims of a good token.
   *
   * @throws `InvalidTokenError`, `TokenExpiredError`, `TileNotPermittedError` for a restricted token
   *   where `keepsTileClaims` is not said, or `KeysUnavailableError` when no key could ever be fetched.
   */
  verify(token: string, use?: TokenUse): Promise<TokenClaims>
  /**
   * The claims of a good token that was verified before, if nothing has to be waited for; else
   * `undefined`, and `verify` decides. A verifier need not have it.
   */
  recall?(token: string, use?: TokenUse): TokenClaims | undefined
}

/**
 * Creates a verifier. Nothing is fetched before the first `verify`.
 *
 * @throws `TypeError` or `RangeError` for options that cannot work.
 * @see RFC 8725
 */
export function createVerifier(options: VerifierOptions): Verifier {
  assertOptions('createVerifier()', options, findVerifierRules(Object(options)))
  return assembleVerifier(options)
}

/**
 * Creates a verifier of options that may be among others.
 *
 * @param options As {@link findVerifierRules} want them.
 * @throws `TypeError` or `RangeError` for issuers that cannot work.
 */
export function assembleVerifier(options: VerifierOptions): Verifier {
  const { isRevoked, cacheSize = 1_000, timeout = 5_000, now = () => Date.now() } = options
  const fetch: typeof globalThis.fetch =
    options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const list = 'issuers' in options ? options.issuers : [options]
  if ('issuers' in options)
    for (const [index, issuer] of list.entries())
      assertOptions('an issuer', issuer, ISSUER_RULES, `issuers[${index}]`)
  const issuers = new Map<string, TrustedIssuer>(
    list.map((issuer) => [issuer.issuer, trustIssuer(issuer, { fetch, now, timeout })]),
  )
  if (issuers.size !== list.length) throw new TypeError('"issuers" must have different "issuer"s')
  const verified = createVerifiedTokens(cacheSize)

  const check = async (token: string) => {
    const cached = verified.find(token, now())
    // The key may have left the set since: then its tokens are worth nothing, remembered or not.
    if (cached && (await cached.issuer.findKey(cached.keyId)).key === cached.key.key) return cached
    const jws = parseCompactJws(token)
    const { keyId, payload } = jws
    const issuer = typeof payload.iss === 'string' ? issuers.get(payload.iss) : undefined
    if (!issuer) throw new InvalidTokenError('other issuer')
    const key = await issuer.findKey(keyId)
    const claims = await issuer.check(token, jws, key)
    const entry = { issuer, keyId, key, claims }
    verified.remember(token, entry)
    return entry
  }

  return {
    recall: (token, use = {}) => {
      const known = isRevoked ? undefined : verified.find(token, now())
      if (!known || known.issuer.peekKey(known.keyId)?.key !== known.key.key) return
      const { claims, issuer } = known
      if (issuer.revocations && issuer.revocations.peek(claims) !== false) return
      return findMisuse(claims, use) ? undefined : claims
    },
    verify: async (token, use = {}) => {
      const { claims, issuer } = await check(token)
      if (await isRevoked?.(claims)) throw new InvalidTokenError('revoked')
      if (await issuer.revocations?.isRevoked(claims)) throw new InvalidTokenError('revoked')
      if (isExpired(claims.exp, issuer.leeway, now())) throw new TokenExpiredError()
      const misuse = findMisuse(claims, use)
      if (misuse) throw misuse
      return claims
    },
  }
}

/** Why a good token is none for this use. */
function findMisuse(
  claims: TokenClaims,
  { keepsTileClaims, keepsBinding, cookie }: TokenUse,
): GuardError | undefined {
  if (claims.tiles && !keepsTileClaims) return new TileNotPermittedError()
  if (claims.cnf && !keepsBinding && !isConfirmed(claims.cnf, cookie))
    return new InvalidTokenError('bound to another browser')
  return
}
