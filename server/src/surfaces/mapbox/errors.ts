import type { ErrorRequestHandler } from 'express'
import { BrokerError, NotFoundError, toBrokerError } from '../../errors.ts'
import type { FailureReporter } from '../../observe/failures.ts'

/** 401: no access token, or one that is worth nothing. */
export class InvalidAccessTokenError extends BrokerError {
  constructor() {
    super(401, 'unauthorized', 'Unauthorized', { 'WWW-Authenticate': 'Bearer' })
  }
}

/** 403: a token of other pages. */
export class ForbiddenSourceError extends BrokerError {
  constructor() {
    super(403, 'forbidden', 'Forbidden')
  }
}

/** 404: a user name that no account can have. */
export class NoSuchUserError extends NotFoundError {
  constructor() {
    super('No such user')
  }
}

/** 400: a token stands where the id of one is expected. */
export class TokenIdExpectedError extends BrokerError {
  constructor() {
    super(400, 'token_id_expected', 'A token id is expected, not a token')
  }
}

/** 422: well-formed JSON or query that says something impossible. */
export class UnprocessableError extends BrokerError {
  constructor(description: string) {
    super(422, 'unprocessable', description)
  }
}

/** Renders errors of this surface: `{ message }`. */
export function createMapboxErrorHandler(report: FailureReporter): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toBrokerError(error)
    if (refusal.status >= 500) report(error)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .json({ message: refusal.message })
  }
}
