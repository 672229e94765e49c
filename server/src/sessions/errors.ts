import { BrokerError } from '../errors.ts'

/** 401: unknown user or wrong password; the answer does not tell which. */
export class InvalidCredentialsError extends BrokerError {
  constructor() {
    super(401, 'invalid_credentials', 'Invalid username or password', {
      'WWW-Authenticate': 'Bearer',
    })
  }
}

/** 401: a refresh token that is spent, ended, expired or not ours; the answer does not tell which. */
export class InvalidRefreshTokenError extends BrokerError {
  constructor() {
    super(401, 'invalid_refresh_token', 'Invalid refresh token', { 'WWW-Authenticate': 'Bearer' })
  }
}

/** 401: no current session. */
export class InvalidSessionError extends BrokerError {
  constructor(
    description = 'You must specify a Bearer token in the Authorization header to access this resource',
    options?: ErrorOptions,
  ) {
    super(401, 'session_required', description, { 'WWW-Authenticate': 'Bearer' }, options)
  }
}
