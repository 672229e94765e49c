export { BudgetExceededError } from './budgets/budget-exceeded.ts'
export type { BudgetOptions, Budgets } from './budgets/budgets.ts'
export {
  AmbiguousCredentialsError,
  AuthRequiredError,
  GuardError,
  InsufficientScopeError,
  InvalidTokenError,
  KeysUnavailableError,
  type RefusalDetails,
  RevocationsUnavailableError,
  TileNotPermittedError,
  TokenExpiredError,
  UnknownResourceError,
} from './errors.ts'
export { createIsolateBudgets as createBudgets } from './fetch/budgets.ts'
export { type CachedGuardOptions, cachedGuard, type Share } from './fetch/cached-guard.ts'
export { type FetchHandler, guard, type OptionsOrFactory } from './fetch/guard.ts'
export {
  createRequestCheck,
  type GuardOptions,
  type RequestCheck,
  type RequestCheckResult,
} from './fetch/request-check.ts'
export { toStoredCopy } from './fetch/stored-copy.ts'
export type { TileCacheOptions, TileStore } from './fetch/tile-cache.ts'
export { createVerifier } from './fetch/verifier.ts'
export type { CredentialSource } from './http/credentials.ts'
export type { ErrorBody, ErrorShape } from './http/error-shapes.ts'
export type { Refusal } from './http/refusal.ts'
export type { JsonWebKeySet } from './keys/key-set.ts'
export type { WaitUntil } from './keys/single-flight.ts'
export type { TileClaims } from './tiles/tile-claims.ts'
export type { Bbox } from './tiles/tile-grid.ts'
export type { TileRule } from './tiles/tile-rules.ts'
export { type Confirmation, TOKEN_COOKIE } from './token/binding.ts'
export type { TokenClaims } from './token/claims.ts'
export type { IssuerOptions } from './token/issuer-options.ts'
export type { RequiredClaims } from './token/required-claims.ts'
export type { RevocationCheck } from './token/revocation-check.ts'
export type { TokenUse, Verifier, VerifierOptions } from './token/verifier.ts'
