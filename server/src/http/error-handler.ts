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
 * Creates the error handler of an API. It sends the status, the headers and the rendered body of the
 * error, and forbids caching. An error after the headers were sent is left to Express, which closes
 * the connection.
 *
 * It reports failures, but not a {@link BrokerError} of 500 or above: that was thrown on purpose, by
 * code that logs the cause itself if there is one.
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
