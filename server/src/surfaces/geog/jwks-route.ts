import type { JsonWebKeySet } from '@tilepass/guard'
import { Router } from 'express'
import { refuseOtherMethods } from './errors.ts'

/** `GET /.well-known/jwks.json`: public, for every verifier and every origin. @see RFC 7517 §5 */
export function createJwksRoute(jwks: JsonWebKeySet): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router
    .route('/.well-known/jwks.json')
    .get((_request, response) => {
      response
        .set({ 'Cache-Control': 'public, max-age=3600', 'Access-Control-Allow-Origin': '*' })
        .json(jwks)
    })
    .all(refuseOtherMethods('GET, HEAD'))
  return router
}
