import { BrokerError } from '../errors.ts'

/** 401: no subject token, or one that cannot be exchanged; the answer does not tell which. */
export class UnauthorizedError extends BrokerError {
  constructor(
    challenge: 'Bearer' | 'Bearer error="invalid_token"' = 'Bearer',
    options?: ErrorOptions,
  ) {
    const headers = { 'WWW-Authenticate': challenge }
    super(401, 'unauthorized', 'Missing or invalid authentication', headers, options)
  }
}

/** 403: a scope or tiles that the subject token does not permit. */
export class InvalidScopeError extends BrokerError {
  constructor() {
    super(403, 'invalid_scope', 'Requested scopes exceed parent token permissions')
  }
}

/** 403: a read-only API token, presented to make or change something. */
export class ReadOnlyTokenError extends BrokerError {
  constructor() {
    super(403, 'invalid_scope', 'This API token is read-only')
  }
}

/** 400: `ttl` is not a whole number of seconds from 1 to 14400. */
export class InvalidTtlError extends BrokerError {
  constructor() {
    super(400, 'invalid_ttl', 'TTL must be between 1 and 14400 seconds')
  }
}
