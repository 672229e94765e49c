export { BudgetExceededError } from './budgets/budget-exceeded.ts'
export { type BudgetOptions, type Budgets, createBudgets } from './budgets/budgets.ts'
export type { WriteCounts } from './budgets/daily-counts.ts'
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
} from './errors.ts'
export { type ForwardAuthHandler, type ForwardAuthOptions, forwardAuth } from './forward-auth.ts'
export { type GuardHandler, type GuardOptions, guard } from './guard.ts'
export type { CredentialSource } from './http/credentials.ts'
export type { ErrorBody, ErrorShape } from './http/error-shapes.ts'
export type { Refusal } from './http/refusal.ts'
export type { JsonWebKeySet } from './keys/key-set.ts'
export type { TileClaims } from './tiles/tile-claims.ts'
export type { Bbox } from './tiles/tile-grid.ts'
export type { TileRule } from './tiles/tile-rules.ts'
export { type Confirmation, TOKEN_COOKIE } from './token/binding.ts'
export type { TokenClaims } from './token/claims.ts'
export type { IssuerOptions } from './token/issuer-options.ts'
export type { RequiredClaims } from './token/required-claims.ts'
export type { RevocationCheck } from './token/revocation-check.ts'
export {
  createVerifier,
  type TokenUse,
  type Verifier,
  type VerifierOptions,
} from './token/verifier.ts'
