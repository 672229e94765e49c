import { Router } from 'express'
import { allowEveryOrigin } from '../../http/cors.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { KEY_SET_MAX_AGE_SECONDS } from '../../issuer/key-schedule.ts'
import type { SigningKeys } from '../../issuer/signing-keys.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import { createGeogErrorHandler } from '../geog/errors.ts'

/** `GET /.well-known/jwks.json`: public, for every verifier and every origin. @see RFC 7517 §5 */
export function createJwksSurface(keys: SigningKeys, report: FailureReporter): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router
    .route('/.well-known/jwks.json')
    .all(allowEveryOrigin('GET, HEAD, OPTIONS'))
    .get(async (_request, response) => {
      await keys.refresh()
      response
        .set({
          'Cache-Control': `public, max-age=${KEY_SET_MAX_AGE_SECONDS}`,
          'X-Content-Type-Options': 'nosniff',
        })
        .json(keys.jwks)
    })
    .all(refuseOtherMethods('GET, HEAD'))
  router.use('/.well-known/jwks.json', createGeogErrorHandler(report))
  return router
}
