export type { AccessToken } from './access-token.ts'
export { type AllowRule, type Attach, findUrl, type ResolvedRule } from './allow-list.ts'
export type { AuthorizedRequest } from './authorize.ts'
export type { Answer, CoveredUrl } from './covered-url.ts'
export { createTokenManager } from './create-token-manager.ts'
export { TokenError, type TokenErrorCode } from './errors.ts'
export type { TokenManagerEvents, TokenState } from './events.ts'
export { createRepeats, MAX_REPEATS } from './no-answer.ts'
export { redact } from './redact.ts'
export { type ShareAcrossTabsOptions, shareAcrossTabs } from './share-across-tabs.ts'
export type {
  TokenFetch,
  TokenManager,
  TokenManagerOptions,
  TokenStatus,
  Tokens,
} from './token-manager.ts'
export { createTokenPool, type TokenPool } from './token-pool.ts'
export type { RenewalReason, TokenSource } from './token-source.ts'
