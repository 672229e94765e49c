import type { Request, Response } from 'express'
import { isAccountName } from '../../admin/rules.ts'
import { NotFoundError, TooManyRequestsError } from '../../errors.ts'
import { isSourceAllowed } from '../../issuer/mapbox/allowed-urls.ts'
import type { MapboxBearer, MapboxTokenCheck } from '../../issuer/mapbox/check.ts'
import { TEMPORARY_TOKEN_ID } from '../../issuer/mapbox/temporary.ts'
import type { AccountLimit } from '../../limits/account-limit.ts'
import type { Usage } from '../../usage/usage.ts'
import { ForbiddenSourceError, InvalidAccessTokenError, NoSuchUserError } from './errors.ts'

/**
 * Finds out on whose behalf a request acts, and counts it. The owner comes from the token; another
 * user name in the path answers the same whether there is such a user or not.
 *
 * @throws {@link InvalidAccessTokenError}; `TooManyRequestsError`; {@link ForbiddenSourceError};
 *   {@link NoSuchUserError}; `NotFoundError` for another's name, and for a scope that is missing.
 */
export type Authorize = (
  request: Request,
  response: Response,
  scope: string,
) => Promise<MapboxBearer>

/** Creates the function that authorizes requests of this surface. */
export function createAuthorize(
  check: MapboxTokenCheck,
  limit: AccountLimit,
  usage: Usage,
): Authorize {
  return async (request, response, scope) => {
    const token = readAccessToken(request)
    const result = token === undefined ? undefined : await check(token)
    if (result?.code !== 'TokenValid') throw new InvalidAccessTokenError()
    const { bearer } = result
    countRequest(limit, bearer, response)
    const { referer, origin } = request.headers
    if (!isSourceAllowed(bearer.allowedUrls, { referer, origin })) throw new ForbiddenSourceError()
    const { username } = request.params
    if (typeof username !== 'string' || !isAccountName(username)) throw new NoSuchUserError()
    if (username !== bearer.account.name || !bearer.scopes.includes(scope))
      throw new NotFoundError()
    usage.record({ sub: bearer.id ?? TEMPORARY_TOKEN_ID, org_id: bearer.account.orgId }, 'mapbox')
    return bearer
  }
}

/** The one `access_token` of the query; `undefined` without one, or with several. */
export function readAccessToken(request: Request): string | undefined {
  const tokens = readQuery(request).getAll('access_token')
  return tokens.length === 1 ? tokens[0] : undefined
}

/** The query, whatever parser the host application has set. */
export function readQuery(request: Request): URLSearchParams {
  const start = request.url.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : request.url.slice(start))
}

/**
 * Counts a request for its account and says so in the answer. Tokens that pages hold have a count of
 * their own: whoever reads one there cannot use up the account's.
 *
 * @throws `TooManyRequestsError`
 */
export function countRequest(limit: AccountLimit, bearer: MapboxBearer, response: Response): void {
  const holder = bearer.usage === 'sk' ? 'servers' : 'pages'
  const state = limit.consume(`${bearer.account.name} ${holder}`)
  response.set({
    'X-Rate-Limit-Interval': String(state.intervalSeconds),
    'X-Rate-Limit-Limit': String(state.limit),
    'X-Rate-Limit-Reset': String(Math.ceil(state.resetAt / 1000)),
  })
  if (state.isExceeded) throw new TooManyRequestsError(state.retryAfterSeconds)
}
