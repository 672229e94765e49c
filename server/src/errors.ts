import { toLimitHeaders } from './usage/daily-count.ts'

/**
 * A request that the broker refuses: HTTP status, registered code (`snake_case`, RFC 6749 §5.2 where
 * it has one) and a description that is safe to send. Surfaces render it in their own shape.
 */
export class BrokerError extends Error {
  readonly status: number
  readonly code: string
  /** Response headers that belong to this refusal. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: string,
    description: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(description)
    this.name = new.target.name
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** 400: the body cannot be understood, or a member has the wrong form. */
export class InvalidRequestError extends BrokerError {
  constructor(description = 'Request body must be valid JSON') {
    super(400, 'invalid_request', description)
  }
}

/** 400: `ttl` is not a whole number of seconds that is allowed. */
export class InvalidTtlError extends BrokerError {
  constructor() {
    super(400, 'invalid_ttl', 'TTL must be between 1 and 14400 seconds')
  }
}

/** 401: no subject token, or one that cannot be exchanged; which of them stays here. */
export class UnauthorizedError extends BrokerError {
  constructor(challenge: 'Bearer' | 'Bearer error="invalid_token"' = 'Bearer') {
    super(401, 'unauthorized', 'Missing or invalid authentication', {
      'WWW-Authenticate': challenge,
    })
  }
}

/** 403: more scope than the subject token has. */
export class InvalidScopeError extends BrokerError {
  constructor() {
    super(403, 'invalid_scope', 'Requested scopes exceed parent token permissions')
  }
}

/** 403: a page of an origin that the grant does not name. */
export class ForeignOriginError extends BrokerError {
  constructor() {
    super(403, 'origin_not_allowed', 'This grant is not for pages of this origin')
  }
}

/** 403: the grant's account was disabled. */
export class AccountDisabledError extends BrokerError {
  constructor() {
    super(403, 'account_disabled', 'The account of this grant is disabled')
  }
}

/** 404: no grant of that name, or no default one. */
export class UnknownGrantError extends BrokerError {
  constructor() {
    super(404, 'unknown_grant', 'There is no such grant')
  }
}

/** 404: nothing here. */
export class NotFoundError extends BrokerError {
  constructor(description = 'Not found') {
    super(404, 'not_found', description)
  }
}

/** 405: the resource exists, for other methods. */
export class MethodNotAllowedError extends BrokerError {
  constructor(allow: string) {
    super(405, 'method_not_allowed', `Use ${allow}`, { Allow: allow })
  }
}

/** 409: it is there already, or in a state that forbids this. */
export class ConflictError extends BrokerError {
  constructor(description: string) {
    super(409, 'conflict', description)
  }
}

/** 413: the body is longer than anything this route needs. */
export class BodyTooLargeError extends BrokerError {
  constructor() {
    super(413, 'payload_too_large', 'Request body is too large')
  }
}

/** 415: a body of another type than the route takes (plain JSON in UTF-8 by default), or encoded. */
export class UnsupportedMediaTypeError extends BrokerError {
  constructor(type = 'application/json') {
    super(415, 'unsupported_media_type', `Request body must be ${type}, not encoded`)
  }
}

/** 401: no such user, or not this password; which of them stays here. */
export class InvalidCredentialsError extends BrokerError {
  constructor() {
    super(401, 'invalid_credentials', 'Invalid username or password', {
      'WWW-Authenticate': 'Bearer',
    })
  }
}

/** 401: a refresh token that is spent, ended, expired or not ours; which of them stays here. */
export class InvalidRefreshTokenError extends BrokerError {
  constructor() {
    super(401, 'invalid_refresh_token', 'Invalid refresh token', { 'WWW-Authenticate': 'Bearer' })
  }
}

/** 401: no session, or none that is current. */
export class InvalidSessionError extends BrokerError {
  constructor() {
    super(
      401,
      'session_required',
      'You must specify a Bearer token in the Authorization header to access this resource',
      { 'WWW-Authenticate': 'Bearer' },
    )
  }
}

/** 403: a session, but not one that this grant is for. */
export class ForeignSessionError extends BrokerError {
  constructor() {
    super(403, 'session_not_allowed', 'This grant is not for this session')
  }
}

/** 503: more work of a costly kind is waiting than could be done in time. */
export class BusyError extends BrokerError {
  constructor() {
    super(503, 'temporarily_unavailable', 'Try again in a moment', { 'Retry-After': '1' })
  }
}

/** 429: too many requests; `Retry-After` says when to ask again. */
export class TooManyRequestsError extends BrokerError {
  constructor(retryAfterSeconds: number) {
    super(429, 'rate_limited', 'Too many requests', { 'Retry-After': String(retryAfterSeconds) })
  }
}

/** 429: the organisation has used up its day; the limit begins anew at 00:00 UTC. */
export class DailyLimitError extends BrokerError {
  /** Times in epoch ms. */
  constructor(limit: number, resetsAt: number, now: number) {
    super(429, 'rate_limit_exceeded', 'Daily tile limit reached', {
      'Retry-After': String(Math.max(1, Math.ceil((resetsAt - now) / 1000))),
      ...toLimitHeaders({ limit, remaining: 0, resetsAt }),
    })
  }
}

/**
 * Turns whatever was thrown into something that can be sent: an outage of the store becomes 503,
 * a request that Express could not read 400, anything unknown a bare 500.
 */
export function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  const status: unknown = typeof error === 'object' && error ? Reflect.get(error, 'status') : 500
  if (status === 503)
    return new BrokerError(503, 'temporarily_unavailable', 'Try again in a moment', {
      'Retry-After': '1',
    })
  if (status === 400) return new InvalidRequestError('Malformed request')
  if (status === 413) return new BodyTooLargeError()
  return new BrokerError(500, 'server_error', 'Internal server error')
}

/** A message in the characters that `error_description` may have. @see RFC 6749 §5.2 */
export function toErrorDescription(message: string): string {
  return message.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/gu, '?')
}
