import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'

/**
 * Logs each request: method, path, status, time and client address; but no header, no query string
 * and nothing that looks like a token, because logs are kept longer and seen by more people.
 */
export function createRequestLog(logger: Logger): RequestHandler {
  return pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    // The audit trail names requests by these ids, so they must differ between runs and processes.
    genReqId: () => randomUUID(),
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

/**
 * A JWT, or a Mapbox token, whose first part is short, and everything that is joined to it by dots: a
 * name before the token may look like its first part. The lookbehind keeps the time linear in the length
 * of the path.
 */
const TOKEN = /(?<![\w-])[\w-]+\.[\w-]{20,}\.[\w.-]*/g

/**
 * The path of a request without its query, and with tokens replaced. A path that holds a token is
 * shown decoded, because any character of the token may have been percent-encoded.
 */
export function redactPath(url: string): string {
  const end = url.search(/[?#]/)
  const path = end < 0 ? url : url.slice(0, end)
  const decoded = decodeFully(path)
  const redacted = decoded.replace(TOKEN, '[redacted]')
  return (redacted === decoded ? path : redacted).slice(0, 500)
}

const ESCAPE = /^%([0-7][0-9a-f])$/i

/** Decodes the percent-encoded ASCII characters, however often they are encoded, in linear time. */
function decodeFully(path: string): string {
  if (!path.includes('%')) return path
  const decoded: string[] = []
  for (const character of path) {
    decoded.push(character)
    // What has been decoded may complete another escape, as in %2565.
    for (;;) {
      const [, hex] = ESCAPE.exec(decoded.slice(-3).join('')) ?? []
      if (hex === undefined) break
      decoded.splice(-3, 3, String.fromCharCode(Number.parseInt(hex, 16)))
    }
  }
  return decoded.join('')
}
