import type { ErrorRequestHandler } from 'express'
import { type BrokerError, toBrokerError } from '../errors.ts'
import type { FailureReporter } from '../observe/failures.ts'

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
 * Creates the error handler of an API: status and headers of the error, never cached, in the API's own
 * shape. An error after the headers were sent goes on to Express, which ends the connection.
 *
 * Reports failures. A {@link BrokerError} of 500 or above was thrown on purpose, by code that has
 * logged the cause where there was one to log.
 */
export function createErrorHandler(
  render: RenderError,
  report: FailureReporter,
): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toBrokerError(error)
    if (refusal.status >= 500 && refusal !== error) report(error)
    const { body, type = 'application/json', withdrawn = [] } = render(refusal)
    for (const name of withdrawn) response.removeHeader(name)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .type(type)
      .json(body)
  }
}
