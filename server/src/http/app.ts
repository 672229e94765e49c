import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Meter } from '../observe/meter.ts'
import { UNKNOWN_ROUTE } from '../observe/route-name.ts'
import { createHealthRoutes, type Health } from './health.ts'
import { createRequestLog } from './log-requests.ts'
import { createRequestObserver } from './request-observer.ts'
import { createRouteTable, type FindRoute } from './route-table.ts'
import { refuseUnknownPath } from './router.ts'
import { createSecurityHeaders } from './security-headers.ts'

/** What the application is made of. */
export interface AppParts {
  readonly routes: readonly RequestHandler[]
  /** Finds those of `routes`. */
  readonly findRoute: FindRoute
  readonly health: Health
  readonly logger: Logger
  /** How much of the successful requests for tiles to log, from 0 to 1; read each time. */
  readonly readTileShare: () => number
  readonly meter: Meter | undefined
  /** Addresses of proxies whose `X-Forwarded-For` counts. */
  readonly trustProxy: readonly string[]
  /** Answers errors that no route has answered, the 404 of unknown paths among them. */
  readonly onError: ErrorRequestHandler
}

/** Creates the application of the listener for metrics. Scrapes are not logged. */
export function createMetricsApp(route: RequestHandler, onError: ErrorRequestHandler): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(route)
  app.use(refuseUnknownPath)
  app.use(onError)
  return app
}

/** Creates the application that serves the broker alone: security headers, request log, health, 404. */
export function createApp(parts: AppParts): Express {
  const { routes, findRoute, logger, readTileShare, meter, trustProxy, onError } = parts
  const health = createHealthRoutes(parts.health)
  const findHealth = createRouteTable([{ surface: 'health', router: health }])
  const app = express()
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  app.set('trust proxy', [...trustProxy])
  app.use(
    createRequestObserver((path) => {
      const found = findRoute(path)
      return found === UNKNOWN_ROUTE ? findHealth(path) : found
    }, meter),
  )
  app.use(createRequestLog(logger, readTileShare))
  app.use(createSecurityHeaders())
  app.use(health)
  app.use(...routes)
  app.use(refuseUnknownPath)
  app.use(onError)
  return app
}
