import type { Router } from 'express'
import { NO_STORE } from './no-store.ts'
import { createRouter } from './router.ts'

/** Metrics in the text format of Prometheus. */
export interface RenderedMetrics {
  readonly contentType: string
  render(): Promise<string>
}

/** `GET /metrics`: for a listener that only the operator reaches. */
export function createMetricsRoute(metrics: RenderedMetrics): Router {
  const router = createRouter()
  router.get('/metrics', async (_request, response) => {
    response
      .set({
        ...NO_STORE,
        'Content-Type': metrics.contentType,
        'X-Content-Type-Options': 'nosniff',
      })
      .end(await metrics.render())
  })
  return router
}
