import type { Router } from 'express'
import { addRoute, createRouter } from '../../http/router.ts'
import type { Revocations } from '../../store/revocations.ts'
import { createRevocationFeed } from './revocation-feed.ts'

/**
 * `GET /.well-known/revocations.json`: the tokens that guards elsewhere must refuse before they
 * expire. It holds hashes of ids, so it can be public: it reveals no id to those who do not know it.
 *
 * With `?since=`, the `cursor` of an earlier answer, it holds what came after that one, and repeats
 * `since`. An answer without `since` holds everything; also if the cursor is unknown or old.
 */
export function createRevocationsRoute(revocations: Pick<Revocations, 'list'>): Router {
  const feed = createRevocationFeed(revocations)
  const router = createRouter()
  addRoute(router, '/.well-known/revocations.json', {
    get: async (request, response) => {
      const { since } = request.query
      const { body, etag } = await feed.read(typeof since === 'string' ? since : undefined)
      response
        .set({ 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff', ETag: etag })
        .type('json')
        .send(body)
    },
  })
  return router
}
