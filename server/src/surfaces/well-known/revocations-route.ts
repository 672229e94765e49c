import { toRevocationKey } from '@tilepass/guard'
import type { Router } from 'express'
import { addRoute, createRouter } from '../../http/router.ts'
import type { Store } from '../../store/open.ts'
import { listRevocations } from '../../store/revocations.ts'

/** For how long an answer is reused, in ms: many guards cost one query. */
const KEPT = 250

/**
 * `GET /.well-known/revocations.json`: the tokens that guards elsewhere must refuse before they
 * expire. It holds hashes of ids, so it can be public: it reveals no id to those who do not know it.
 *
 * @param now Epoch ms.
 */
export function createRevocationsRoute(store: Store, now: () => number): Router {
  let kept: Promise<object> | undefined
  let keptAt = Number.NEGATIVE_INFINITY
  const read = () => {
    if (kept && Math.abs(now() - keptAt) < KEPT) return kept
    keptAt = now()
    kept = readFeed(store, now())
    kept.catch(() => {
      kept = undefined
    })
    return kept
  }

  const router = createRouter()
  addRoute(router, '/.well-known/revocations.json', {
    get: async (_request, response) => {
      response
        .set({ 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' })
        .json(await read())
    },
  })
  return router
}

async function readFeed(store: Store, now: number): Promise<object> {
  const { revoked, epochs } = await listRevocations(store, now)
  return {
    revoked: revoked.map(toRevocationKey),
    epochs: Object.fromEntries(Object.entries(epochs).map(([id, at]) => [toRevocationKey(id), at])),
  }
}
