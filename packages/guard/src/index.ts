export {
  BudgetExceededError,
  type BudgetOptions,
  type Budgets,
  createBudgets,
  toDayExceeded,
} from './budgets/budgets.ts'
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
export { type CredentialSource, readCredential } from './http/credentials.ts'
export type { ErrorBody, ErrorShape } from './http/error-shapes.ts'
export type { Refusal } from './http/refusal.ts'
export type { JsonWebKeySet } from './keys/key-set.ts'
export {
  checkTileClaims,
  narrowTileClaims,
  parseTileClaims,
  type TileClaims,
  type TileClaimsFault,
} from './tiles/tile-claims.ts'
export type { Bbox } from './tiles/tile-grid.ts'
export { compileTileRules, type TileRule } from './tiles/tile-rules.ts'
export { BINDING_COOKIE, type Confirmation, confirmBy, TOKEN_COOKIE } from './token/binding.ts'
export type { RequiredClaims, TokenClaims } from './token/claims.ts'
export { findCookies } from './token/cookies.ts'
export type { IssuerOptions } from './token/issuers.ts'
export { toRevocationKey } from './token/revocation-feed.ts'
export {
  createVerifier,
  type TokenUse,
  type Verifier,
  type VerifierOptions,
} from './token/verifier.ts'
