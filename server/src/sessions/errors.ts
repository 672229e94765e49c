import { BrokerError } from '../errors.ts'

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
