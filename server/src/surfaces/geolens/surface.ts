import { Router } from 'express'
import type { DownloadTokens } from '../../issuer/download-tokens.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Store } from '../../store/open.ts'
import type { Callers } from './callers.ts'
import { createDownloadRoute } from './download-route.ts'
import { createMintRoute } from './mint-route.ts'
import { createProblemHandler } from './problem.ts'

/** What the GeoLens surface needs. */
export interface GeoLensSurface {
  readonly store: Store
  readonly callers: Callers
  readonly downloadTokens: DownloadTokens
  /** Of new download tokens, by account or address. */
  readonly limit: RateLimit
  readonly report: FailureReporter
}

/** GeoLens's download tokens, and the downloads that they open. */
export function createGeoLensSurface(surface: GeoLensSurface): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.use(createMintRoute(surface))
  router.use(createDownloadRoute(surface))
  router.use(['/auth/download-token', '/datasets'], createProblemHandler(surface.report))
  return router
}
