export type { TokenClaims } from './claims.ts'
export { type CredentialSource, readCredential } from './credentials.ts'
export {
  AmbiguousCredentialsError,
  AuthRequiredError,
  GuardError,
  InsufficientScopeError,
  InvalidTokenError,
  KeysUnavailableError,
  type RefusalDetails,
  TokenExpiredError,
} from './errors.ts'
export { type GuardHandler, type GuardOptions, guard } from './express-guard.ts'
export type { JsonWebKeySet } from './key-set.ts'
export {
  createVerifier,
  type RequestSource,
  type Verifier,
  type VerifierOptions,
} from './verifier.ts'
