import type { Router } from 'express'
import { createErrorHandler } from '../../http/error-handler.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import type { MapboxTokenCheck } from '../../issuer/mapbox/check.ts'
import type { MapboxCodec } from '../../issuer/mapbox/codec.ts'
import { createMapboxRegistry } from '../../issuer/mapbox/registry.ts'
import { MAPBOX_SCOPES } from '../../issuer/mapbox/scopes.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import type { Store } from '../../store/open.ts'
import type { Usage } from '../../usage/usage.ts'
import { createAuthorize } from './authorize.ts'
import { answerPages, openToPages } from './cors.ts'
import { renderMapboxError } from './errors.ts'
import { createTokensRoutes } from './tokens-routes.ts'

/** What the Mapbox surface needs. */
export interface MapboxSurfaceParts {
  readonly store: Store
  readonly codec: MapboxCodec
  readonly check: MapboxTokenCheck
  /** Limits the requests of an account. */
  readonly limit: RateLimit
  /** Base of the `Link` header; without it links are paths. */
  readonly publicUrl: PublicUrl
  /** Epoch ms. */
  readonly now: () => number
  readonly usage: Pick<Usage, 'record'>
  readonly report: RequestReporter
}

const PATHS = ['/tokens/v2', '/scopes/v1']

/** The Mapbox Tokens API. */
export function createMapboxSurface(parts: MapboxSurfaceParts): Router {
  const { store, codec, check, limit, publicUrl, usage, now, report } = parts
  const authorize = createAuthorize(check, limit, usage, now)
  const registry = createMapboxRegistry(store, now)

  const router = createRouter()
  router.use(PATHS, openToPages)
  router.use(
    createTokensRoutes({ store, codec, check, registry, authorize, limit, publicUrl, now }),
  )
  addRoute(router, '/scopes/v1/:username', {
    cors: answerPages,
    get: async (request, response) => {
      await authorize(request, response, 'scopes:list')
      response.json(
        MAPBOX_SCOPES.map(({ id, description, isPublic }) => ({
          id,
          ...(isPublic ? { public: true } : {}),
          description,
        })),
      )
    },
  })
  router.use(PATHS, refuseUnknownPath)
  router.use(PATHS, createErrorHandler(renderMapboxError, report))
  return router
}
