import type { Budgets } from './budgets/budgets.ts'
import { InsufficientScopeError, TileNotPermittedError } from './errors.ts'
import type { SingleFlight } from './keys/single-flight.ts'
import {
  assertOptions,
  hasMethod,
  type OptionRule,
  type OptionRules,
} from './options/option-rules.ts'
import type { CanonicalTarget } from './tiles/canonical-path.ts'
import { isTilePermitted } from './tiles/tile-permission.ts'
import { compileTileRules, type TileRule } from './tiles/tile-rules.ts'
import { hasScope, type TokenClaims } from './token/claims.ts'
import {
  assembleVerifier,
  type TokenUse,
  toVerifierRules,
  type Verifier,
  type VerifierOptions,
} from './token/verifier.ts'

/** What a token must permit. */
export interface AdmissionOptions {
  /** The scope that a token must have, as an exact string. By default every valid token passes. */
  readonly scope?: string
  /**
   * Which resources the URLs are, for tokens that are restricted to some tiles. The first rule that
   * matches applies. Such tokens open nothing that no rule matches, and without rules nothing at all. A
   * query parameter that the rule does not name is not matched. Other tokens pass with any query.
   */
  readonly tiles?: TileRule | readonly TileRule[]
  /**
   * Limits for the use of tokens. Every request counts as a tile unless `tiles` makes it a document:
   * a server may accept more spellings of a path than a rule matches.
   */
  readonly budgets?: Pick<Budgets, 'consume'>
}

/** A verifier, or the options to create one. */
export type VerifierChoice = { readonly verifier: Verifier } | VerifierOptions

/**
 * Decides whether a token permits a request; synchronously if nothing must be waited for.
 *
 * @param request What a verifier may need of the request.
 * @param findTarget Called only if the URL matters.
 * @throws what `Verifier.verify` throws, {@link InsufficientScopeError},
 *   {@link TileNotPermittedError}, `BudgetExceededError`
 */
export type Admit = (
  token: string,
  request: Pick<TokenUse, 'referer' | 'origin' | 'cookie' | 'waitUntil'>,
  findTarget: () => CanonicalTarget | undefined,
) => TokenClaims | Promise<TokenClaims>

const ADMISSION_RULES: OptionRules<AdmissionOptions> = {
  scope: {
    isValid: (value) => typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
    rule: 'must be a single scope, without spaces, quotes or backslashes',
  },
  tiles: {
    isValid: (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
    rule: 'must be a tile rule or a list of tile rules',
  },
  budgets: {
    isValid: (value) => hasMethod(value, 'consume'),
    rule: 'must be the result of createBudgets()',
  },
}

const verifierRule: OptionRule = {
  isValid: (value) => hasMethod(value, 'verify'),
  rule: 'must be a verifier, such as the result of createVerifier()',
  isRequired: true,
}

/**
 * Creates the decision of one handler.
 *
 * @param owner The function that takes the options, for messages.
 * @param ownRules Rules for the owner's further options.
 * @param createFlight How requests that need the same document wait for it.
 * @throws `TypeError` or `RangeError` for invalid options.
 */
export function createAdmission(
  owner: string,
  options: AdmissionOptions & VerifierChoice,
  ownRules: Readonly<Record<string, OptionRule>>,
  createFlight?: () => SingleFlight,
): Admit {
  const verifierRules =
    'verifier' in Object(options) ? { verifier: verifierRule } : toVerifierRules(Object(options))
  assertOptions(owner, options, { ...ownRules, ...ADMISSION_RULES, ...verifierRules })
  const { scope, tiles, budgets } = options
  const verifier =
    'verifier' in options ? options.verifier : assembleVerifier(options, createFlight)
  const findResource = tiles === undefined ? undefined : compileTileRules(tiles)
  const enforcesTileClaims = findResource !== undefined

  const permit = (claims: TokenClaims, findTarget: () => CanonicalTarget | undefined) => {
    if (scope !== undefined && !hasScope(claims.scope, scope))
      throw new InsufficientScopeError(scope)
    if (!claims.tiles && !budgets) return claims
    const target = findTarget()
    const resource = target && findResource?.(target)
    if (claims.tiles && !(resource && isTilePermitted(claims.tiles, resource)))
      throw new TileNotPermittedError()
    const counting = budgets?.consume(claims, resource?.kind !== 'document')
    return counting ? Promise.resolve(counting).then(() => claims) : claims
  }

  return (token, { referer, origin, cookie, waitUntil }, findTarget) => {
    const use = { referer, origin, cookie, waitUntil, enforcesTileClaims }
    // Verifiers written in JavaScript may have no `recall`: they know nothing without waiting.
    const known = verifier.recall?.(token, use)
    if (known) return permit(known, findTarget)
    // A custom verifier may return claims or any thenable, so what it returns is always resolved.
    return Promise.resolve(verifier.verify(token, use)).then((claims) => permit(claims, findTarget))
  }
}
