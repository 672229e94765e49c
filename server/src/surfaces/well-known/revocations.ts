import { toRevocationKey } from '@tilepass/guard'
import { Router } from 'express'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Store } from '../../store/open.ts'
import { listRevocations } from '../../store/revocations.ts'
import { createGeogErrorHandler } from '../geog/errors.ts'

const PATH = '/.well-known/revocations.json'
/** How long an answer is given again, in ms: many guards cost one query. */
const KEPT = 250

/**
 * `GET /.well-known/revocations.json`: what guards elsewhere refuse before it ends. Hashes of ids, so
 * that it can be public: nobody learns an id that he does not know.
 *
 * @param now Epoch ms.
 */
export function createRevocationsSurface(
  store: Store,
  now: () => number,
  report: FailureReporter,
): Router {
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

  const router = Router({ caseSensitive: true, strict: true })
  router
    .route(PATH)
    .get(async (_request, response) => {
      response
        .set({ 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' })
        .json(await read())
    })
    .all(refuseOtherMethods('GET, HEAD'))
  router.use(PATH, createGeogErrorHandler(report))
  return router
}

async function readFeed(store: Store, now: number): Promise<object> {
  const { revoked, epochs } = await listRevocations(store, now)
  return {
    revoked: revoked.map(toRevocationKey),
    epochs: Object.fromEntries(Object.entries(epochs).map(([id, at]) => [toRevocationKey(id), at])),
  }
}
