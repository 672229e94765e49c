import type { ErrorRequestHandler } from 'express'
import { BrokerError, toBrokerError } from '../../errors.ts'
import { toErrorDescription } from '../../http/error-description.ts'
import type { FailureReporter } from '../../observe/failures.ts'

/** 400 with an error code of RFC 6749 §5.2 or RFC 8693 §2.2.2. */
export class OauthError extends BrokerError {
  constructor(
    code: 'invalid_request' | 'invalid_scope' | 'invalid_target' | 'unsupported_grant_type',
    description: string,
  ) {
    super(400, code, description)
  }
}

/** 401 `invalid_client`: no client, or one that does not prove who it is. @see RFC 6749 §5.2 */
export class InvalidClientError extends BrokerError {
  constructor() {
    super(401, 'invalid_client', 'Client authentication failed', {
      'WWW-Authenticate': 'Basic realm="tilepass", charset="UTF-8"',
    })
  }
}

/** Renders errors of this surface. @see RFC 6749 §5.2 */
export function createOauthErrorHandler(report: FailureReporter): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toBrokerError(error)
    if (refusal.status >= 500) report(error)
    response
      .status(refusal.status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .json({ error: refusal.code, error_description: toErrorDescription(refusal.message) })
  }
}
