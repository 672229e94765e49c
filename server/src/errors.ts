import { toRetryAfter } from '@tilepass/guard/broker'

/**
 * An error that is sent to the client: HTTP status, code in `snake_case` (of RFC 6749 §5.2 where that
 * has one) and a description that is safe to send. Each surface renders it in its own shape. Its
 * `cause`, if it has one, is for the log.
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
    options?: ErrorOptions,
  ) {
    super(description, options)
    this.name = new.target.name
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** 400: the body or the query is malformed. */
export class InvalidRequestError extends BrokerError {
  constructor(description = 'Request body must be valid JSON') {
    super(400, 'invalid_request', description)
  }
}

/** 404: there is no such resource. */
export class NotFoundError extends BrokerError {
  constructor(description = 'Not found') {
    super(404, 'not_found', description)
  }
}

/** 405: the resource exists, but not for this method. */
export class MethodNotAllowedError extends BrokerError {
  constructor(allow: string) {
    super(405, 'method_not_allowed', `Use ${allow}`, { Allow: allow })
  }
}

/** 413: the body is longer than any that this route needs. */
export class BodyTooLargeError extends BrokerError {
  constructor() {
    super(413, 'payload_too_large', 'Request body is too large')
  }
}

/** 415: the body is of a type that the route does not take, or it is compressed. */
export class UnsupportedMediaTypeError extends BrokerError {
  constructor(type = 'application/json') {
    super(415, 'unsupported_media_type', `Request body must be ${type} without Content-Encoding`)
  }
}

/** 429: too many requests; `Retry-After` says when to ask again. */
export class TooManyRequestsError extends BrokerError {
  constructor(retryAfterSeconds: number) {
    super(429, 'rate_limited', 'Too many requests', toRetryAfter(retryAfterSeconds))
  }
}

/** 503: the broker is too busy, or the store is unavailable; the same request may succeed later. */
export class UnavailableError extends BrokerError {
  constructor() {
    super(503, 'temporarily_unavailable', 'Try again in a moment', toRetryAfter(1))
  }
}

/**
 * Turns any thrown value into an error that can be sent: an unavailable store becomes 503, a request
 * that Express could not read 400, and anything unknown 500 without details.
 */
export function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  const status: unknown = typeof error === 'object' && error ? Reflect.get(error, 'status') : 500
  if (status === 503) return new UnavailableError()
  if (status === 400) return new InvalidRequestError('Malformed request')
  if (status === 413) return new BodyTooLargeError()
  return new BrokerError(500, 'server_error', 'Internal server error')
}
