import { BrokerError } from '../../errors.ts'

/** 422: a scope that does not exist, or that the token cannot have or give. */
export class InvalidScopesError extends BrokerError {
  constructor() {
    super(422, 'invalid_scopes', 'scopes are invalid')
  }
}

/** 422: `allowedUrls` is not a list of at most 100 URLs, or does not fit the token. */
export class InvalidAllowedUrlsError extends BrokerError {
  constructor() {
    super(422, 'invalid_allowed_urls', 'allowedUrls are invalid')
  }
}

/** 422: `expires` of a temporary token; the message says which rule it breaks. */
export class InvalidExpiresError extends BrokerError {
  constructor(
    rule:
      | 'is invalid'
      | 'is in the past'
      | 'is more than one hour in the future'
      | 'may not be greater than the expiration of the authorizing token',
  ) {
    super(422, 'invalid_expires', `expires ${rule}`)
  }
}
