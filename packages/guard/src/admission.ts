import type { Budgets } from './budgets/budgets.ts'
import { InsufficientScopeError, TileNotPermittedError } from './errors.ts'
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
  findVerifierRules,
  type TokenUse,
  type Verifier,
  type VerifierOptions,
} from './token/verifier.ts'

/** What a token must be good for. */
export interface AdmissionRules {
  /** The scope that a token must have, as an exact string; without it any good token passes. */
  readonly scope?: string
  /**
   * What the paths are, for tokens that are restricted to some tiles; the first rule that fits counts,
   * and what no rule fits is closed to them. Without rules such tokens are refused.
   */
  readonly tiles?: TileRule | readonly TileRule[]
  /**
   * What tokens may use. Everything counts as a tile but what `tiles` calls a document: servers know
   * more spellings of a path than a rule does.
   */
  readonly budgets?: Budgets
}

/** A verifier, or what one is made of. */
export type VerifierChoice = { readonly verifier: Verifier } | VerifierOptions

/**
 * Decides whether a token opens what is asked for; at once where nothing has to be waited for.
 *
 * @param findTarget Called only where the path matters.
 * @throws what `Verifier.verify` throws, {@link InsufficientScopeError},
 *   {@link TileNotPermittedError}, `BudgetExceededError`
 */
export type Admit = (
  token: string,
  page: Pick<TokenUse, 'referer' | 'origin' | 'cookie'>,
  findTarget: () => CanonicalTarget | undefined,
) => TokenClaims | Promise<TokenClaims>

const ADMISSION_RULES: OptionRules<AdmissionRules> = {
  scope: {
    isValid: (value) => typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
    rule: 'must be one scope, without spaces or quotes',
  },
  tiles: {
    isValid: (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
    rule: 'must be a rule, or a list of rules',
  },
  budgets: {
    isValid: (value) => hasMethod(value, 'consume'),
    rule: 'must be what createBudgets() returns',
  },
}

const verifierRule: OptionRule = {
  isValid: (value) => hasMethod(value, 'verify'),
  rule: 'must be a verifier, such as createVerifier() returns',
  isRequired: true,
}

/**
 * @param owner Whose options these are, for messages.
 * @param ownRules Rules of the options that the owner has besides.
 * @throws `TypeError` or `RangeError` for options that cannot work.
 */
export function createAdmission(
  owner: string,
  options: AdmissionRules & VerifierChoice,
  ownRules: Readonly<Record<string, OptionRule>>,
): Admit {
  const verifierRules =
    'verifier' in Object(options) ? { verifier: verifierRule } : findVerifierRules(Object(options))
  assertOptions(owner, options, { ...ownRules, ...ADMISSION_RULES, ...verifierRules })
  const { scope, tiles, budgets } = options
  const verifier = 'verifier' in options ? options.verifier : assembleVerifier(options)
  const findResource = tiles === undefined ? undefined : compileTileRules(tiles)

  const keepsTileClaims = findResource !== undefined

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

  return (token, { referer, origin, cookie }, findTarget) => {
    const use = { referer, origin, cookie, keepsTileClaims }
    const known = verifier.recall?.(token, use)
    if (known) return permit(known, findTarget)
    // Whatever a verifier of somebody else's returns, claims are not read off a promise by mistake.
    return Promise.resolve(verifier.verify(token, use)).then((claims) => permit(claims, findTarget))
  }
}
