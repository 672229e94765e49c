import type { ErrorRequestHandler } from 'express'
import { toBrokerError } from '../../errors.ts'
import { toErrorDescription } from '../../http/error-description.ts'
import type { FailureReporter } from '../../observe/failures.ts'

/**
 * Renders errors of this surface: a body that OAuth clients (`error`, `error_description`) and Geog
 * clients (`success`, `message`, `code`) both read.
 */
export function createGeogErrorHandler(report: FailureReporter): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toBrokerError(error)
    if (refusal.status >= 500) report(error)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .json({
        success: false,
        error: refusal.code,
        error_description: toErrorDescription(refusal.message),
        message: refusal.message,
        code: refusal.code.toUpperCase(),
      })
  }
}
