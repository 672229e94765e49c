import type { RequestHandler } from 'express'
import type { Meter } from '../observe/meter.ts'
import { sendRequestId } from '../observe/request-id.ts'
import { findNotedRoute, noteRoute } from '../observe/route-name.ts'
import { onResponseEnd } from './response-end.ts'
import type { FindRoute } from './route-table.ts'

/**
 * Creates the handler that names the route of each request for the log, sends its id, and measures it. A
 * request that passes several of them is measured once.
 */
export function createRequestObserver(findRoute: FindRoute, meter?: Meter): RequestHandler {
  return (request, response, next) => {
    if (findNotedRoute(request)) return next()
    const name = findRoute(request.path)
    noteRoute(request, name)
    sendRequestId(request, response)
    if (meter) {
      const startedAt = performance.now()
      onResponseEnd(response, () =>
        meter.countRequest(
          name,
          response.writableFinished ? response.statusCode : 'aborted',
          (performance.now() - startedAt) / 1000,
        ),
      )
    }
    next()
  }
}
