import type { Router } from 'express'
import { createRouter } from './router.ts'

/** What health checks ask. */
export interface Health {
  isReady(): Promise<boolean>
  /** Names of upstreams that refuse what the broker is configured to ask. */
  listRefusing(): readonly string[]
}

/**
 * `/healthz`: the process answers. `/readyz`: it can also do its work. An upstream that refuses the
 * broker turns the status to `degraded` and is named, but the answer stays 200: other grants work, and
 * tokens that are still valid continue to be served.
 */
export function createHealthRoutes({ isReady, listRefusing }: Health): Router {
  const router = createRouter()
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const ready = await isReady().catch(() => false)
    const refused = listRefusing()
    const status = ready ? (refused.length > 0 ? 'degraded' : 'ready') : 'unavailable'
    const upstreams = Object.fromEntries(refused.map((name) => [name, 'refused']))
    response
      .status(ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ status, ...(refused.length > 0 ? { upstreams } : {}) })
  })
  return router
}
