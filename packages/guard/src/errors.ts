/** What every refusal carries: an HTTP status, a stable code and a message that is safe to send. */
export interface RefusalDetails {
  /** HTTP status. */
  readonly status: number
  /** Stable code in upper case. The message is not part of the API. */
  readonly code: string
  /** Short name of the class of error: the body's `error` member. */
  readonly reason: string
  /** RFC 6750 §3.1 error code for `WWW-Authenticate`; absent when no credential was sent. */
  readonly challenge?: 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  /** Response headers that belong to this refusal. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A request that the guard refuses. Each subclass is one reason.
 *
 * The message is safe to send: it never contains a token or a value read from one.
 */
export class GuardError extends Error implements RefusalDetails {
  readonly status: number
  readonly code: string
  readonly reason: string
  readonly challenge?: 'invalid_request' | 'invalid_token' | 'insufficient_scope'
  readonly headers?: Readonly<Record<string, string>>

  constructor(message: string, details: RefusalDetails, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.status = details.status
    this.code = details.code
    this.reason = details.reason
    if (details.challenge) this.challenge = details.challenge
    if (details.headers) this.headers = details.headers
  }
}

/** The header that says when to ask again: in whole seconds, at least one. @see RFC 9110 §10.2.3 */
export function toRetryAfter(seconds: number): { readonly 'Retry-After': string } {
  return { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) }
}

/** 401 `AUTH_REQUIRED`: the request has no usable credential. @see RFC 6750 §3.1 */
export class AuthRequiredError extends GuardError {
  constructor() {
    super('Missing or invalid authorization header', {
      status: 401,
      code: 'AUTH_REQUIRED',
      reason: 'Unauthorized',
    })
  }
}

/** 400 `INVALID_REQUEST`: more than one credential, so it is unclear which one counts. */
export class AmbiguousCredentialsError extends GuardError {
  /** @param places Where credentials were found, in ASCII text for a header; never their values. */
  constructor(places: readonly string[] = []) {
    const found = places.length > 0 ? `; found: ${places.join(', ')}` : ''
    super(`Send exactly one credential${found}`, {
      status: 400,
      code: 'INVALID_REQUEST',
      reason: 'Bad Request',
      challenge: 'invalid_request',
    })
  }
}

/**
 * 401 `INVALID_TOKEN`: the form, the signature, a claim or a revocation. The client is not told
 * which; {@link InvalidTokenError.detail} is for logs.
 */
export class InvalidTokenError extends GuardError {
  /**
   * The rule that the token broke, for logs. Where a setting may be wrong it names what was expected and
   * what the token has, as in `issuer mismatch: expected "https://a.example", got "https://b.example"`.
   */
  readonly detail: string

  constructor(detail: string, options?: ErrorOptions) {
    super(
      'Invalid token format',
      { status: 401, code: 'INVALID_TOKEN', reason: 'Unauthorized', challenge: 'invalid_token' },
      options,
    )
    this.detail = detail
  }
}

/** 401 `TOKEN_EXPIRED`: the token is genuine, but past `exp` and the leeway. */
export class TokenExpiredError extends GuardError {
  constructor() {
    super('Token has expired', {
      status: 401,
      code: 'TOKEN_EXPIRED',
      reason: 'Unauthorized',
      challenge: 'invalid_token',
    })
  }
}

/** 403 `INSUFFICIENT_SCOPE`: the token is valid, but lacks the required scope. */
export class InsufficientScopeError extends GuardError {
  /** The required scope. */
  readonly scope: string

  constructor(scope: string) {
    super('Insufficient permissions', {
      status: 403,
      code: 'INSUFFICIENT_SCOPE',
      reason: 'Forbidden',
      challenge: 'insufficient_scope',
    })
    this.scope = scope
  }
}

/** 403 `TILE_NOT_PERMITTED`: the token's tile claims do not permit this resource. */
export class TileNotPermittedError extends GuardError {
  constructor() {
    super('The token is restricted to other tiles', {
      status: 403,
      code: 'TILE_NOT_PERMITTED',
      reason: 'Forbidden',
      challenge: 'insufficient_scope',
    })
  }
}

/** 404 `NOT_FOUND`: no tile rule matches the URL, so that a cache has no key for it. */
export class UnknownResourceError extends GuardError {
  constructor() {
    super('No such resource', { status: 404, code: 'NOT_FOUND', reason: 'Not Found' })
  }
}

/** 503 `REVOCATIONS_UNAVAILABLE`: revocations are unknown or too old to rely on. Fails closed. */
export class RevocationsUnavailableError extends GuardError {
  constructor(options?: ErrorOptions) {
    super(
      'Tokens cannot be verified at the moment',
      { status: 503, code: 'REVOCATIONS_UNAVAILABLE', reason: 'Service Unavailable' },
      options,
    )
  }
}

/** 503 `KEYS_UNAVAILABLE`: no key set has been read yet, or the last one is too old. Fails closed. */
export class KeysUnavailableError extends GuardError {
  constructor(options?: ErrorOptions) {
    super(
      'Tokens cannot be verified at the moment',
      { status: 503, code: 'KEYS_UNAVAILABLE', reason: 'Service Unavailable' },
      options,
    )
  }
}
