import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { noteLogged, readFacts } from '../observe/request-log.ts'
import { findNotedRoute, isTileRoute } from '../observe/route-name.ts'
import { onResponseEnd } from './response-end.ts'

/**
 * Logs each request: id, method, path, status, time and client address, its API and route, the path that a
 * gateway asked about, and why it was refused or failed, if it was; but no query string, of the headers
 * only `Origin` and a well-formed `X-Request-Id`, and nothing that looks like a token, because logs are
 * kept longer and seen by more people.
 *
 * @param readTileShare How much of the successful requests for tiles to log, from 0 to 1; read each time.
 */
export function createRequestLog(logger: Logger, readTileShare = () => 1): RequestHandler {
  const isSampled = createSample()
  // Of a request that succeeds the line has members of ours only, none of them a secret: to search it for
  // secrets would take as long as all the rest of it.
  const plain = logger.child({}, { redact: [] })
  const isWanted = (request: IncomingMessage, { statusCode }: ServerResponse) => {
    const name = findNotedRoute(request)
    const isTile = statusCode < 400 && name !== undefined && isTileRoute(name)
    return !isTile || isSampled(readTileShare())
  }
  return (request, response, next) => {
    noteLogged(request)
    const startedAt = Date.now()
    // Once the connection is closed, it has no address.
    const { remoteAddress } = request.socket
    let failure: Error | undefined
    response.on('error', (error) => {
      failure ??= error
    })
    onResponseEnd(response, () => {
      const { statusCode } = response
      const isFailed = failure !== undefined || statusCode >= 500
      if (!isFailed && !isWanted(request, response)) return
      const { req, ...facts } = readFacts(request)
      if (plain.level !== logger.level) plain.level = logger.level
      const log = isFailed || facts.refusal || facts.failure ? logger : plain
      log[isFailed ? 'error' : 'info'](
        {
          req: { ...req, remoteAddress },
          ...(failure && { err: failure }),
          res: { statusCode },
          responseTime: Date.now() - startedAt,
          ...facts,
        },
        isFailed
          ? 'request errored'
          : response.writableFinished
            ? 'request completed'
            : 'request aborted',
      )
    })
    next()
  }
}

/** Creates the choice of an even share of requests: with 0.1 it is every tenth. */
function createSample(): (share: number) => boolean {
  let due = 0
  return (share) => {
    due += share
    if (due < 1) return false
    due -= 1
    return true
  }
}
