import type { ErrorRequestHandler } from 'express'
import { toBrokerError } from '../../errors.ts'
import type { FailureReporter } from '../../observe/failures.ts'

/** Renders errors of this surface: a message for people, a code for programs. */
export function createLoginErrorHandler(report: FailureReporter): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toBrokerError(error)
    if (refusal.status >= 500 && refusal !== error) report(error)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .json({ error: refusal.code, message: refusal.message })
  }
}
