import type { ErrorRequestHandler } from 'express'
import { type BrokerError, toBrokerError } from '../errors.ts'
import type { RequestReporter } from '../observe/failures.ts'

/** How an API shows an error. */
export interface RenderedError {
  /** Sent as JSON. */
  readonly body: object
  /** Content type; by default `application/json`. */
  readonly type?: string
  /** Headers that described the response that is not sent after all. */
  readonly withdrawn?: readonly string[]
}

/** Renders an error in the shape of an API. */
export type RenderError = (refusal: BrokerError) => RenderedError

/**
 * Creates the error handler of an API. It sends the status, the headers and the rendered body of the
 * error, and forbids caching. An error after the headers were sent is left to Express, which closes
 * the connection.
 *
 * @param report Called with each error.
 */
export function createErrorHandler(
  render: RenderError,
  report: RequestReporter,
): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error)
    report(error, request)
    const refusal = toBrokerError(error)
    const { body, type = 'application/json', withdrawn = [] } = render(refusal)
    for (const name of withdrawn) response.removeHeader(name)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .type(type)
      .json(body)
  }
}
