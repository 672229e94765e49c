import { BrokerError } from '../../errors.ts'
import type { Dimension } from '../narrow.ts'

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

/** 422: a restriction that does not have the right form, or that the token cannot have or give. */
export class InvalidRestrictionError extends BrokerError {
  constructor(name: 'resources' | 'allowedApplications') {
    super(422, 'invalid_restrictions', `${name} are invalid`)
  }
}

/** The error for a token that would be wider than the one that authorizes it. */
export function toExceededError(dimension: Dimension): BrokerError {
  switch (dimension) {
    case 'allowedUrls':
      return new InvalidAllowedUrlsError()
    case 'resources':
    case 'allowedApplications':
      return new InvalidRestrictionError(dimension)
    case 'exp':
      return new InvalidExpiresError(
        'may not be greater than the expiration of the authorizing token',
      )
    default:
      return new InvalidScopesError()
  }
}
