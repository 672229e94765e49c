import type { Request, Response } from 'express'
import { isAccountName } from '../../admin/rules.ts'
import { NotFoundError } from '../../errors.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import { isSourceAllowed } from '../../issuer/mapbox/allowed-urls.ts'
import type { MapboxBearer, MapboxTokenCheck } from '../../issuer/mapbox/check.ts'
import { TEMPORARY_TOKEN_ID } from '../../issuer/mapbox/codec.ts'
import { assertWithinLimit, type RateLimit } from '../../limits/rate-limit.ts'
import type { Usage } from '../../usage/usage.ts'
import { ForbiddenSourceError, InvalidAccessTokenError, NoSuchUserError } from './errors.ts'

/**
 * Authenticates a request, counts it, and checks that its token has the scope. The account is that of
 * the token: the user name of another account in the path gets the same 404 as one that does not
 * exist.
 *
 * @throws {@link InvalidAccessTokenError}; `TooManyRequestsError`; {@link ForbiddenSourceError};
 *   {@link NoSuchUserError}; `NotFoundError` for the name of another account or a missing scope.
 */
export type Authorize = (
  request: Request,
  response: Response,
  scope: string,
) => Promise<MapboxBearer>

/** Creates the function that authorizes requests of this surface. */
export function createAuthorize(
  check: MapboxTokenCheck,
  limit: RateLimit,
  usage: Pick<Usage, 'record'>,
  now: () => number,
): Authorize {
  return async (request, response, scope) => {
    const invalid = () => new InvalidAccessTokenError()
    const token = findParameter(readQuery(request), 'access_token', invalid)
    const result = token === undefined ? undefined : await check(token)
    if (result?.code !== 'TokenValid') throw invalid()
    const { bearer } = result
    await countRequest({ limit, now }, bearer, response)
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

/**
 * Counts a request for its account and sets the rate-limit headers. Tokens that pages hold are counted
 * separately: a visitor who copies one cannot use up what the account's servers may ask.
 *
 * @throws `TooManyRequestsError`
 */
export async function countRequest(
  { limit, now }: { readonly limit: RateLimit; readonly now: () => number },
  bearer: MapboxBearer,
  response: Response,
): Promise<void> {
  const holder = bearer.usage === 'sk' ? 'servers' : 'pages'
  const state = await limit.count(`${bearer.account.name} ${holder}`)
  response.set({
    'X-Rate-Limit-Interval': String(state.intervalSeconds),
    'X-Rate-Limit-Limit': String(state.limit),
    'X-Rate-Limit-Reset': String(Math.ceil((now() + state.resetsIn) / 1000)),
  })
  assertWithinLimit(state)
}
