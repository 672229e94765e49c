import type { Router } from 'express'
import { createErrorHandler } from '../../http/error-handler.ts'
import { createRouter } from '../../http/router.ts'
import type { SigningKeys } from '../../issuer/signing-keys.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import type { Revocations } from '../../store/revocations.ts'
import { renderGeogError } from '../error-bodies.ts'
import { createJwksRoute } from './jwks-route.ts'
import { createRevocationsRoute } from './revocations-route.ts'

/** What the well-known surface needs. */
export interface WellKnownSurfaceParts {
  readonly keys: Pick<SigningKeys, 'jwks' | 'refresh'>
  readonly revocations: Pick<Revocations, 'list'>
  readonly report: RequestReporter
}

/** What guards on other servers read: the key set and the revocations. It cannot be switched off. */
export function createWellKnownSurface(parts: WellKnownSurfaceParts): Router {
  const { keys, revocations, report } = parts
  const router = createRouter()
  router.use(createJwksRoute(keys))
  router.use(createRevocationsRoute(revocations))
  router.use(
    ['/.well-known/jwks.json', '/.well-known/revocations.json'],
    createErrorHandler(renderGeogError, report),
  )
  return router
}
