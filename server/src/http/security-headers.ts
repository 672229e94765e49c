import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

/**
 * Creates the handler that sets the security headers of every response. Helmet decides which; it is asked
 * once, because they are the same for every request.
 */
export function createSecurityHeaders(): RequestHandler {
  const headers = readHeaders()
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value)
    next()
  }
}

function readHeaders(): readonly (readonly [name: string, value: string])[] {
  const setHeaders = helmet({
    // Pages of other origins show tiles too; the guard decides who gets them.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // No response is a page.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // The broker speaks plain HTTP: the proxy that terminates TLS knows which hosts have it.
    strictTransportSecurity: false,
  })
  const response = new RecordedResponse(new IncomingMessage(new Socket()))
  setHeaders(response.req, response, (error) => {
    if (error) throw error
  })
  return [...response.headers]
}

class RecordedResponse extends ServerResponse {
  readonly headers = new Map<string, string>()

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.headers.set(name, String(value))
    return this
  }
}
