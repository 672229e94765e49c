import type { Target } from './target.ts'
import { addressKey } from './targets/address-key.ts'
import { allowList } from './targets/allow-list.ts'
import { formBody, jsonBody } from './targets/bodies.ts'
import { canonicalPath } from './targets/canonical-path.ts'
import { compactJws } from './targets/compact-jws.ts'
import { cookies } from './targets/cookies.ts'
import { credentials } from './targets/credentials.ts'
import { downloadToken } from './targets/download-token.ts'
import { foreignClaims } from './targets/foreign-claims.ts'
import { forwardedRequest } from './targets/forwarded-request.ts'
import { mapboxToken } from './targets/mapbox-token.ts'
import { redactedPath } from './targets/redacted-path.ts'
import { refreshToken } from './targets/refresh-token.ts'
import { retryAfter } from './targets/retry-after.ts'
import { baseUrl, brokerConfig, issuerOptions } from './targets/settings.ts'
import { strictQuery } from './targets/strict-query.ts'
import { tileAdmission } from './targets/tile-admission.ts'
import { tileClaims } from './targets/tile-claims.ts'
import { tokenClaims } from './targets/token-claims.ts'
import { tokenResponse } from './targets/token-response.ts'

/** Everything that reads what strangers write. Each has a corpus of its name. */
// biome-ignore lint/suspicious/noExplicitAny: the inputs of each target have their own type
export const TARGETS: readonly Target<any>[] = [
  addressKey,
  allowList,
  baseUrl,
  brokerConfig,
  canonicalPath,
  compactJws,
  cookies,
  credentials,
  downloadToken,
  foreignClaims,
  formBody,
  forwardedRequest,
  issuerOptions,
  jsonBody,
  mapboxToken,
  redactedPath,
  refreshToken,
  retryAfter,
  strictQuery,
  tileAdmission,
  tileClaims,
  tokenClaims,
  tokenResponse,
]
