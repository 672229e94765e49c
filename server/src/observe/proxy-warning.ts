import type { RequestHandler } from 'express'
import type { Logger } from 'pino'

/**
 * Warns once if requests come through a proxy that is not trusted: every client then has the proxy's
 * address, so that limits count all of them as one. A gateway that asks `/verify`
 * also sends the header, for the request that it describes; that is right.
 */
export function createProxyWarning(logger: Logger): RequestHandler {
  let isDue = true
  return ({ headers, path }, _response, next) => {
    if (isDue && headers['x-forwarded-for'] !== undefined && path !== '/verify') {
      isDue = false
      logger.warn(
        'a request came through a proxy (X-Forwarded-For), but "trustProxy" names none: limits count all clients behind it as one',
      )
    }
    next()
  }
}
