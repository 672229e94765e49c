import type { Router } from 'express'
import { createErrorHandler } from '../../http/error-handler.ts'
import { createRouter } from '../../http/router.ts'
import type { DownloadAccess } from '../../issuer/download-access.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import { createDownloadRoute } from './download-route.ts'
import { createDownloadTokenRoute } from './download-token-route.ts'
import { renderProblem } from './errors.ts'
import { createFindCaller, type FindCallerParts } from './find-caller.ts'

/** What the GeoLens surface needs. */
export interface GeoLensSurfaceParts extends FindCallerParts {
  readonly access: DownloadAccess
  /** Limits the requests for download tokens of an account, or of an address. */
  readonly limit: RateLimit
  readonly report: RequestReporter
}

/** GeoLens's download tokens, and the downloads that they permit. */
export function createGeoLensSurface(parts: GeoLensSurfaceParts): Router {
  const { access, limit, report } = parts
  const findCaller = createFindCaller(parts)
  const router = createRouter()
  router.use(createDownloadTokenRoute({ findCaller, access, limit }))
  router.use(createDownloadRoute({ findCaller, access }))
  router.use(['/auth/download-token', '/datasets'], createErrorHandler(renderProblem, report))
  return router
}
