import { toRetryAfter } from '@tilepass/guard/broker'
import type { ErrorRequestHandler } from 'express'
import { BrokerError } from '../../errors.ts'
import type { RenderedError } from '../../http/error-handler.ts'
import { ReadOnlyTokenError } from '../../issuer/errors.ts'
import { renderOauthError } from '../error-bodies.ts'

/**
 * The error codes that a client of these endpoints may know: of RFC 6749 §5.2, RFC 7009 §2.2.1 and
 * RFC 8693 §2.2.2, and the two of RFC 6749 §4.1.2.1 for a server that cannot answer.
 */
export const REGISTERED_CODES = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'unsupported_token_type',
  'invalid_target',
  'server_error',
  'temporarily_unavailable',
] as const

/** Renders an error of this surface. The status says more than a registered code can. */
export function renderRegisteredError(refusal: BrokerError): RenderedError {
  const { body } = renderOauthError(refusal)
  return { body: { ...body, error: toRegisteredCode(refusal) } }
}

function toRegisteredCode({ status, code }: BrokerError): string {
  const registered = REGISTERED_CODES.find((known) => known === code)
  if (registered !== undefined) return registered
  if (status === 429 || status === 503) return 'temporarily_unavailable'
  return status >= 500 ? 'server_error' : 'invalid_request'
}

/** 400 with an error code of RFC 6749 §5.2 or RFC 8693 §2.2.2. */
export class OauthError extends BrokerError {
  constructor(
    code:
      | 'invalid_request'
      | 'invalid_scope'
      | 'invalid_target'
      | 'unauthorized_client'
      | 'unsupported_grant_type',
    description: string,
    options?: ErrorOptions,
  ) {
    super(400, code, description, {}, options)
  }
}

/** 401 `invalid_client`: no client credentials, or invalid ones. @see RFC 6749 §5.2 */
export class InvalidClientError extends BrokerError {
  constructor(options?: ErrorOptions) {
    const headers = { 'WWW-Authenticate': 'Basic realm="tilepass", charset="UTF-8"' }
    super(401, 'invalid_client', 'Client authentication failed', headers, options)
  }
}

/** 503 with `Retry-After`: the client revokes too many tokens. @see RFC 7009 §2.2.1 */
export class TooManyRevocationsError extends BrokerError {
  constructor(retryAfterSeconds: number) {
    super(503, 'temporarily_unavailable', 'Too many revocations', toRetryAfter(retryAfterSeconds))
  }
}

/** Replaces the refusal of a read-only API token, as client or as subject token, by that of RFC 6749 §5.2. */
export const replaceReadOnlyErrors: ErrorRequestHandler = (error, _request, _response, next) => {
  next(
    error instanceof ReadOnlyTokenError
      ? new OauthError('unauthorized_client', error.message)
      : error,
  )
}
