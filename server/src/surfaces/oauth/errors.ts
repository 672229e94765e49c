import { BrokerError } from '../../errors.ts'

/** 400 with an error code of RFC 6749 §5.2 or RFC 8693 §2.2.2. */
export class OauthError extends BrokerError {
  constructor(
    code: 'invalid_request' | 'invalid_scope' | 'invalid_target' | 'unsupported_grant_type',
    description: string,
  ) {
    super(400, code, description)
  }
}

/** 401 `invalid_client`: no client credentials, or invalid ones. @see RFC 6749 §5.2 */
export class InvalidClientError extends BrokerError {
  constructor() {
    super(401, 'invalid_client', 'Client authentication failed', {
      'WWW-Authenticate': 'Basic realm="tilepass", charset="UTF-8"',
    })
  }
}

/** 503 with `Retry-After`: the client revokes too many tokens. @see RFC 7009 §2.2.1 */
export class TooManyRevocationsError extends BrokerError {
  constructor(retryAfterSeconds: number) {
    super(503, 'temporarily_unavailable', 'Too many revocations', {
      'Retry-After': String(Math.max(1, retryAfterSeconds)),
    })
  }
}
