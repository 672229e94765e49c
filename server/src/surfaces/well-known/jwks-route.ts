import type { Router } from 'express'
import { allowEveryOrigin } from '../../http/cors.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { KEY_SET_MAX_AGE_SECONDS } from '../../issuer/key-schedule.ts'
import type { SigningKeys } from '../../issuer/signing-keys.ts'

const PATH = '/.well-known/jwks.json'

/** `GET /.well-known/jwks.json`: public, for every verifier and every origin. @see RFC 7517 §5 */
export function createJwksRoute(keys: Pick<SigningKeys, 'jwks' | 'refresh'>): Router {
  const router = createRouter()
  // In front of the route, so that its 405 names GET and HEAD only.
  router.all(PATH, allowEveryOrigin('GET, HEAD, OPTIONS'))
  addRoute(router, PATH, {
    get: async (_request, response) => {
      await keys.refresh()
      response
        .set({
          'Cache-Control': `public, max-age=${KEY_SET_MAX_AGE_SECONDS}`,
          'X-Content-Type-Options': 'nosniff',
        })
        .json(keys.jwks)
    },
  })
  return router
}
