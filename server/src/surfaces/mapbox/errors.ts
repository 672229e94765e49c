import { BrokerError, NotFoundError } from '../../errors.ts'
import type { RenderedError } from '../../http/error-handler.ts'

/** 401: no access token, or an invalid one. */
export class InvalidAccessTokenError extends BrokerError {
  constructor() {
    super(401, 'unauthorized', 'Unauthorized', { 'WWW-Authenticate': 'Bearer' })
  }
}

/** 403: the token is restricted to the URLs of other pages. */
export class ForbiddenSourceError extends BrokerError {
  constructor() {
    super(403, 'forbidden', 'Forbidden')
  }
}

/** 404: no account can have this user name. */
export class NoSuchUserError extends NotFoundError {
  constructor() {
    super('No such user')
  }
}

/** 400: the path contains a token instead of a token id. */
export class TokenIdExpectedError extends BrokerError {
  constructor() {
    super(400, 'token_id_expected', 'Expected a token id, not a token')
  }
}

/** 422: the body or the query is well-formed, but a value in it is not allowed. */
export class UnprocessableError extends BrokerError {
  constructor(description: string) {
    super(422, 'unprocessable', description)
  }
}

/** Renders an error of this surface: `{ message }`. */
export function renderMapboxError({ message }: BrokerError): RenderedError {
  return { body: { message } }
}
