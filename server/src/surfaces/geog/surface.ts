import { guard, type Verifier } from '@tilepass/guard'
import { Router } from 'express'
import type { Exchange } from '../../issuer/exchange.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Tileset } from '../../tiles/tileset.ts'
import { createGeogErrorHandler } from './errors.ts'
import { createExchangeRoute } from './exchange-route.ts'
import { createTilesRoutes } from './tiles-routes.ts'

/** What the Geog surface needs. */
export interface GeogSurface {
  readonly exchange: Exchange
  readonly verifier: Verifier
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly publicUrl: string | undefined
  /** Epoch ms. */
  readonly now: () => number
  readonly report: FailureReporter
}

/** Geog's API: exchange and tiles. */
export function createGeogSurface(surface: GeogSurface): Router {
  const { exchange, verifier, tilesets, publicUrl, now, report } = surface
  const router = Router({ caseSensitive: true, strict: true })
  router.use(createExchangeRoute(exchange, now))
  // Without tilesets of our own the host application's tile routes keep these paths.
  if (tilesets.size > 0) {
    const tileGuard = guard({
      verifier,
      scope: 'tiles:read',
      credentials: { query: 'access_token' },
      onRefusal: (error) => {
        if (!isRefusal(error)) report(error)
      },
    })
    router.use(createTilesRoutes({ tilesets, guard: tileGuard, publicUrl }))
  }
  router.use(createGeogErrorHandler(report))
  return router
}

function isRefusal(error: unknown): boolean {
  const status: unknown = typeof error === 'object' && error ? Reflect.get(error, 'status') : 500
  return typeof status === 'number' && status < 500
}
