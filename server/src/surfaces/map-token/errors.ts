import type { ErrorRequestHandler } from 'express'
import { toBrokerError } from '../../errors.ts'
import { toErrorDescription } from '../../http/error-description.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import { UpstreamError } from '../../upstreams/errors.ts'

/** Renders the errors of this surface in the form of RFC 6749 §5.2. */
export function createMapTokenErrorHandler(report: FailureReporter): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toBrokerError(error)
    // Failures of upstreams were logged when they happened, once for all waiting pages.
    if (refusal.status >= 500 && !(error instanceof UpstreamError)) report(error)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .json({ error: refusal.code, error_description: toErrorDescription(refusal.message) })
  }
}
