import { type RequestHandler, Router } from 'express'
import { NotFoundError } from '../../errors.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import type { MapboxTokenCheck } from '../../issuer/mapbox/check.ts'
import type { MapboxCodec } from '../../issuer/mapbox/codec.ts'
import { createMapboxRegistry } from '../../issuer/mapbox/registry.ts'
import { MAPBOX_SCOPES } from '../../issuer/mapbox/scopes.ts'
import { createAccountLimit } from '../../limits/account-limit.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Store } from '../../store/open.ts'
import type { Usage } from '../../usage/usage.ts'
import { createAuthorize } from './authorize.ts'
import { createMapboxErrorHandler } from './errors.ts'
import { createTokensRoutes } from './tokens-routes.ts'

/** What the Mapbox surface needs. */
export interface MapboxSurface {
  readonly store: Store
  readonly codec: MapboxCodec
  readonly check: MapboxTokenCheck
  readonly requestsPerMinute: number
  readonly publicUrl: PublicUrl
  /** Epoch ms. */
  readonly now: () => number
  readonly usage: Usage
  readonly report: FailureReporter
}

const EXPOSED =
  'Link, WWW-Authenticate, Retry-After, Date, X-Rate-Limit-Interval, X-Rate-Limit-Limit, X-Rate-Limit-Reset'

/** The Mapbox Tokens API. */
export function createMapboxSurface(surface: MapboxSurface): Router {
  const { store, codec, check, requestsPerMinute, publicUrl, usage, now, report } = surface
  const limit = createAccountLimit(requestsPerMinute, now)
  const authorize = createAuthorize(check, limit, usage)
  const registry = createMapboxRegistry(store, now)

  const router = Router({ caseSensitive: true, strict: true })
  router.use(['/tokens/v2', '/scopes/v1'], openToPages)
  router.use(
    createTokensRoutes({ store, codec, check, registry, authorize, limit, publicUrl, now }),
  )
  router
    .route('/scopes/v1/:username')
    .get(async (request, response) => {
      await authorize(request, response, 'scopes:list')
      response.json(
        MAPBOX_SCOPES.map(({ id, description, isPublic }) => ({
          id,
          ...(isPublic ? { public: true } : {}),
          description,
        })),
      )
    })
    .all(refuseOtherMethods('GET, HEAD, OPTIONS'))
  router.use(['/tokens/v2', '/scopes/v1'], () => {
    throw new NotFoundError()
  })
  router.use(['/tokens/v2', '/scopes/v1'], createMapboxErrorHandler(report))
  return router
}

/** CORS first, so that a page sees every status; safe because the token is never ambient. */
const openToPages: RequestHandler = (request, response, next) => {
  response.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': EXPOSED,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  if (request.method !== 'OPTIONS') return next()
  response
    .set({
      'Access-Control-Allow-Methods': 'GET, HEAD, POST, PATCH, DELETE',
      'Access-Control-Allow-Headers': 'Content-Type',
      'Access-Control-Max-Age': '7200',
    })
    .status(204)
    .end()
}
