import { InvalidTokenError, TileNotPermittedError, TokenExpiredError } from '../errors.ts'
import { createSharedFlight, type SingleFlight, type WaitUntil } from '../keys/single-flight.ts'
import {
  assertOptions,
  functionRule,
  type OptionRule,
  type OptionRules,
} from '../options/option-rules.ts'
import { findSecret, hasSecret } from './binding.ts'
import { isExpired, type TokenClaims } from './claims.ts'
import { readCompactJws } from './compact-jws.ts'
import { ISSUER_RULES, type IssuerOptions } from './issuer-options.ts'
import { createMismatch } from './mismatch.ts'
import { isKnownUnrevoked, type RevocationCheck } from './revocation-check.ts'
import { createTrustedIssuer, type TrustedIssuer } from './trusted-issuer.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'

/** Settings of {@link createVerifier}: one issuer, or several. Durations in ms. */
export type VerifierOptions = VerifierSettings &
  (IssuerOptions | { readonly issuers: readonly IssuerOptions[] })

interface VerifierSettings {
  /** Checked at every use of a token, remembered or not. With its `peek`, known tokens need no wait. */
  readonly isRevoked?: RevocationCheck
  /** Number of verified tokens to remember. Default 1000; 0 remembers none. */
  readonly cacheSize?: number
  /** Time limit for fetching a key set. Default 5 s. */
  readonly timeout?: number
  readonly fetch?: typeof globalThis.fetch
  /** Epoch ms. */
  readonly now?: () => number
}

/** Limit of Node's timers, which fire at once when given more. */
const MAX_TIMEOUT = 2 ** 31 - 1

const SETTINGS_RULES: OptionRules<VerifierSettings> = {
  isRevoked: {
    isValid: (value) =>
      typeof value === 'function' &&
      ['function', 'undefined'].includes(typeof Reflect.get(value, 'peek')),
    rule: 'must be a function; so must its "peek", if it has one',
  },
  cacheSize: {
    isValid: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
    rule: 'must be a non-negative whole number',
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
  rule: 'must be a non-empty list of issuers',
  isRequired: true,
}

/** The rules for these options of a verifier, for one issuer or for several. */
export function toVerifierRules(options: VerifierOptions): Readonly<Record<string, OptionRule>> {
  return 'issuers' in options
    ? { ...SETTINGS_RULES, issuers: issuersRule }
    : { ...SETTINGS_RULES, ...ISSUER_RULES }
}

/** The request that presents a token, and what its caller enforces. */
export interface TokenUse {
  /** `Referer` of the request: the page that asks. */
  readonly referer?: string | undefined
  /** `Origin` of the request. */
  readonly origin?: string | undefined
  /**
   * The caller enforces the claim `tiles`. By default a token that is restricted to some tiles is
   * refused, so that no caller takes it for an unrestricted one.
   */
  readonly enforcesTileClaims?: boolean
  /** `Cookie` header of the request. A token that is bound to a cookie is refused without it. */
  readonly cookie?: string | undefined
  /** The caller only reads the token, or enforces the claim `cnf` itself. */
  readonly enforcesBinding?: boolean
  /**
   * Keeps the fetch of a key set or of revocations running after the answer, where runtimes end it with
   * its request: `(promise) => ctx.waitUntil(promise)`. Otherwise some request waits for it.
   */
  readonly waitUntil?: WaitUntil | undefined
}

/** Decides whether a string is a genuine, current token of a trusted issuer. */
export interface Verifier<Claims extends TokenClaims = TokenClaims> {
  /**
   * Resolves to the claims of a valid token.
   *
   * @throws `InvalidTokenError`, `TokenExpiredError`, `TileNotPermittedError` for a restricted token
   *   without `enforcesTileClaims`, `KeysUnavailableError` if no key set was ever read, or
   *   the last one is too old, or `RevocationsUnavailableError`.
   */
  verify(token: string, use?: TokenUse): Promise<Claims>
  /**
   * Returns the claims of a valid token that was verified before, if nothing must be waited for.
   * Otherwise `undefined`, and `verify` decides.
   */
  recall(token: string, use?: TokenUse): Claims | undefined
}

/**
 * Creates a verifier. Nothing is fetched before the first `verify`.
 *
 * @throws `TypeError` or `RangeError` for invalid options.
 * @see RFC 8725
 */
export function createVerifier(options: VerifierOptions): Verifier {
  assertOptions('createVerifier()', options, toVerifierRules(Object(options)))
  return assembleVerifier(options)
}

/**
 * Creates a verifier from options that were checked together with others.
 *
 * @param options Valid by {@link toVerifierRules}.
 * @param createFlight How requests that need the same document wait for it.
 * @throws `TypeError` or `RangeError` for invalid issuers.
 */
export function assembleVerifier(
  options: VerifierOptions,
  createFlight: () => SingleFlight = createSharedFlight,
): Verifier {
  const { isRevoked, cacheSize = 1_000, timeout = 5_000, now = () => Date.now() } = options
  const fetch: typeof globalThis.fetch =
    options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const list = 'issuers' in options ? options.issuers : [options]
  if ('issuers' in options)
    for (const [index, issuer] of list.entries())
      assertOptions('an issuer', issuer, ISSUER_RULES, `issuers[${index}]`)
  const access = { fetch, now, timeout, createFlight }
  const issuers = new Map<string, TrustedIssuer>(
    list.map((issuer) => [issuer.issuer, createTrustedIssuer(issuer, access)]),
  )
  if (issuers.size !== list.length)
    throw new TypeError('"issuers" must not name the same "issuer" twice')
  const verified = createVerifiedTokens(cacheSize)

  const check = async (token: string, waitUntil: WaitUntil | undefined): Promise<VerifiedToken> => {
    const known = verified.find(token, now())
    // The key may have left its set since; then its tokens are invalid, remembered or not.
    if (known?.issuer.holds(known.key, waitUntil)) return known
    const jws = readCompactJws(token)
    const { iss } = jws.payload
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined
    if (!issuer) throw createMismatch('issuer', [...issuers.keys()], iss)
    const entry = { issuer, ...(await issuer.check(jws, waitUntil)) }
    verified.remember(token, entry)
    return entry
  }

  return {
    recall: (token, { enforcesTileClaims, enforcesBinding, cookie, waitUntil } = {}) => {
      const known = verified.find(token, now())
      if (!known?.issuer.holds(known.key, waitUntil)) return
      const { claims, issuer, keyId, secret } = known
      if (!isKnownUnrevoked(isRevoked, claims, keyId)) return
      if (issuer.revocations && issuer.revocations.peek(claims, keyId, waitUntil) !== false) return
      if (claims.tiles && !enforcesTileClaims) return
      if (!claims.cnf || enforcesBinding) return claims
      return secret !== undefined && hasSecret(secret, cookie) ? claims : undefined
    },
    verify: async (token, { enforcesTileClaims, enforcesBinding, cookie, waitUntil } = {}) => {
      const entry = await check(token, waitUntil)
      const { claims, issuer, keyId } = entry
      if (await isRevoked?.(claims, keyId)) throw new InvalidTokenError('revoked')
      if (await issuer.revocations?.(claims, keyId, waitUntil))
        throw new InvalidTokenError('revoked')
      if (isExpired(claims.exp, issuer.leeway, now())) throw new TokenExpiredError()
      if (claims.tiles && !enforcesTileClaims) throw new TileNotPermittedError()
      if (!enforcesBinding) await assertConfirmed(entry, cookie)
      return claims
    },
  }
}

/** @throws `InvalidTokenError` for a bound token that the cookies of the request do not confirm. */
async function assertConfirmed(entry: VerifiedToken, cookie: string | undefined): Promise<void> {
  const { claims, secret } = entry
  if (!claims.cnf || (secret !== undefined && hasSecret(secret, cookie))) return
  const found = await findSecret(claims.cnf, cookie)
  if (found === undefined) throw new InvalidTokenError('binding cookie missing or wrong')
  entry.secret = found
}
