import type { Router } from 'express'
import { createRouter } from './router.ts'

/** What health checks ask. */
export interface Health {
  /** Why the broker cannot do its work, or should get no more of it; nothing if it is ready. */
  listReasons(): Promise<readonly UnreadyReason[]>
  /** Names of upstreams that refuse what the broker is configured to ask. */
  listRefusing(): readonly string[]
  /** Names of the grants whose account is disabled. Pages know them; names of accounts stay here. */
  listClosedGrants(): Promise<readonly string[]>
}

/**
 * `draining`: it is about to end, and serves what arrives meanwhile. `secret key missing`: another server has
 * sealed the store with a key that this one lacks.
 */
export type UnreadyReason = 'starting' | 'draining' | 'store unavailable' | 'secret key missing'

/**
 * `/healthz`: the process answers. `/readyz`: it can also do its work; if not, `reasons` says why. An
 * upstream that refuses the broker, or a grant whose account is disabled, turns the status to `degraded`
 * and is named, but the answer stays 200: other grants work, and tokens that are still valid continue to
 * be served.
 */
export function createHealthRoutes({
  listReasons,
  listRefusing,
  listClosedGrants,
}: Health): Router {
  const router = createRouter()
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const reasons = await listReasons()
    const ready = reasons.length === 0
    const refused = listRefusing()
    const closed = ready ? await listClosedGrants().catch(() => []) : []
    const isDegraded = refused.length + closed.length > 0
    const status = ready ? (isDegraded ? 'degraded' : 'ready') : 'unavailable'
    const upstreams = Object.fromEntries(refused.map((name) => [name, 'refused']))
    const grants = Object.fromEntries(closed.map((name) => [name, 'account disabled']))
    response
      .status(ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({
        status,
        ...(ready ? {} : { reasons }),
        ...(refused.length > 0 ? { upstreams } : {}),
        ...(closed.length > 0 ? { grants } : {}),
      })
  })
  return router
}
