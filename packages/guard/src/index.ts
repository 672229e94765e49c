export { BINDING_COOKIE, type Confirmation, confirmBy, TOKEN_COOKIE } from './binding.ts'
export {
  BudgetExceededError,
  type BudgetOptions,
  type Budgets,
  createBudgets,
  toDayExceeded,
} from './budgets.ts'
export type { RequiredClaims, TokenClaims } from './claims.ts'
export { findCookies } from './cookies.ts'
export { type CredentialSource, readCredential } from './credentials.ts'
export type { WriteCounts } from './daily-counts.ts'
export type { ErrorBody, ErrorShape } from './error-shapes.ts'
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
export { type GuardHandler, type GuardOptions, guard } from './express-guard.ts'
export { type ForwardAuthHandler, type ForwardAuthOptions, forwardAuth } from './forward-auth.ts'
export type { IssuerOptions } from './issuers.ts'
export type { JsonWebKeySet } from './key-set.ts'
export type { Refusal } from './refusal.ts'
export { toRevocationKey } from './revocation-feed.ts'
export {
  checkTileClaims,
  narrowTileClaims,
  parseTileClaims,
  type TileClaims,
  type TileClaimsFault,
} from './tile-claims.ts'
export type { Bbox } from './tile-grid.ts'
export { compileTileRules, type TileRule } from './tile-rules.ts'
export { createVerifier, type TokenUse, type Verifier, type VerifierOptions } from './verifier.ts'
