import { BrokerError } from '../errors.ts'

/** 403: a page of an origin that the grant does not name. */
export class ForeignOriginError extends BrokerError {
  constructor() {
    super(403, 'origin_not_allowed', 'This grant is not for pages of this origin')
  }
}

/** 403: the grant's account was disabled. */
export class AccountDisabledError extends BrokerError {
  constructor() {
    super(403, 'account_disabled', 'The account of this grant is disabled')
  }
}

/** 404: no grant of that name, or no default one. */
export class UnknownGrantError extends BrokerError {
  constructor() {
    super(404, 'unknown_grant', 'There is no such grant')
  }
}

/** 403: a session, but not one that this grant is for. */
export class ForeignSessionError extends BrokerError {
  constructor() {
    super(403, 'session_not_allowed', 'This grant is not for this session')
  }
}
