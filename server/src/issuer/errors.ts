import { BrokerError } from '../errors.ts'

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

/** 400: `ttl` is not a whole number of seconds that is allowed. */
export class InvalidTtlError extends BrokerError {
  constructor() {
    super(400, 'invalid_ttl', 'TTL must be between 1 and 14400 seconds')
  }
}
