import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import { createRequestLog } from '../observe/request-log.ts'
import { createHealthRoutes, type Health } from './health.ts'
import { refuseUnknownPath } from './router.ts'

/** What the application is made of. */
export interface AppParts {
  readonly routes: readonly RequestHandler[]
  readonly health: Health
  readonly logger: Logger
  /** Addresses of proxies whose `X-Forwarded-For` counts. */
  readonly trustProxy: readonly string[]
  /** Answers errors that no route has answered, the 404 of unknown paths among them. */
  readonly onError: ErrorRequestHandler
}

/** Creates the application that serves the broker alone: security headers, request log, health, 404. */
export function createApp({ routes, health, logger, trustProxy, onError }: AppParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('case sensitive routing', true)
  app.set('trust proxy', [...trustProxy])
  app.use(createRequestLog(logger))
  app.use(
    helmet({
      // Pages of other origins show tiles too; the guard decides who gets them.
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // No response is a page.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      // The broker speaks plain HTTP: the proxy that terminates TLS knows which hosts have it.
      strictTransportSecurity: false,
    }),
  )
  app.use(createHealthRoutes(health))
  app.use(...routes)
  app.use(refuseUnknownPath)
  app.use(onError)
  return app
}
