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
