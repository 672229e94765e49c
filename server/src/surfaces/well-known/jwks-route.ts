import type { Router } from 'express'
import { allowEveryOrigin } from '../../http/cors.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { KEY_SET_MAX_AGE_SECONDS } from '../../issuer/key-schedule.ts'
import type { SigningKeys } from '../../issuer/signing-keys.ts'

/** `GET /.well-known/jwks.json`: public, for every verifier and every origin. @see RFC 7517 §5 */
export function createJwksRoute(keys: Pick<SigningKeys, 'jwks' | 'refresh'>): Router {
  const router = createRouter()
  addRoute(router, '/.well-known/jwks.json', {
    cors: allowEveryOrigin,
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
