import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'

/**
 * Logs each request: method, path, status, time and client address. No header, no query string and
 * nothing that looks like a token, because logs live longer and travel further than tokens.
 */
export function createRequestLog(logger: Logger): RequestHandler {
  return pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    redact: ['req.headers', 'res.headers'],
    serializers: {
      req: (request: { id: unknown; method: string; url: string; remoteAddress: string }) => ({
        id: request.id,
        method: request.method,
        path: redactPath(request.url),
        remoteAddress: request.remoteAddress,
      }),
      res: (response: { statusCode: number }) => ({ statusCode: response.statusCode }),
    },
    customLogLevel: (_request, response, error) => {
      if (error || response.statusCode >= 500) return 'error'
      return 'info'
    },
  })
}

/** A compact JWS, or a token in Mapbox format, whose header is the two letters of its kind. */
const TOKEN = /(?:[\w-]{10,}|[pst]k)\.[\w-]{10,}\.[\w-]*/g

/** A request's path without its query, and without tokens that someone put into it. */
export function redactPath(url: string): string {
  const end = url.search(/[?#]/)
  const path = end < 0 ? url : url.slice(0, end)
  return path.replace(TOKEN, '[redacted]').slice(0, 500)
}
