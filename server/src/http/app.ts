import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import { NotFoundError } from '../errors.ts'
import { createFailureReporter } from '../observe/failures.ts'
import { createRequestLog } from '../observe/request-log.ts'
import { createGeogErrorHandler } from '../surfaces/geog/errors.ts'
import { createHealthRoutes, type Health } from './health.ts'

/** The broker as an application of its own: security headers, request log, health, 404. */
export function createApp(
  routes: RequestHandler,
  logger: Logger,
  health: Health,
  trustProxy: readonly string[],
): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  app.set('trust proxy', [...trustProxy])
  app.use(createRequestLog(logger))
  app.use(
    helmet({
      // Tiles are for pages of other origins, too; the guard decides who gets them.
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // Nothing here is a page.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      // We speak plain HTTP: whoever ends TLS before us knows which hosts have it.
      strictTransportSecurity: false,
    }),
  )
  app.use(createHealthRoutes(health))
  app.use(routes)
  app.use(() => {
    throw new NotFoundError()
  })
  app.use(createGeogErrorHandler(createFailureReporter(logger)))
  return app
}
