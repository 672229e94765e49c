export { toDayExceeded } from './budgets/budget-exceeded.ts'
export {
  type DailyLimitState,
  nextUtcDay,
  toDailyLimitHeaders,
  toUtcDay,
} from './budgets/daily-limit.ts'
export { toRetryAfter } from './errors.ts'
export { formatAllowedHeaders } from './http/allowed-headers.ts'
export { readCredential } from './http/credentials.ts'
export type { RawRequest } from './http/raw-request.ts'
export { isPeerRange } from './node/peers.ts'
export { isRecord } from './options/is-record.ts'
export {
  checkTileClaims,
  narrowTileClaims,
  parseTileClaims,
  type TileClaimsFault,
} from './tiles/tile-claims.ts'
export { findTileRuleFault } from './tiles/tile-rules.ts'
export { BINDING_COOKIE, confirmBy } from './token/binding.ts'
export type { OwnTokenClaims } from './token/claims.ts'
export { isCanonicalBase64url } from './token/compact-jws.ts'
export { readCookies } from './token/cookies.ts'
export { toKeyRevocationId, toRevocationKey } from './token/revocation-feed.ts'
