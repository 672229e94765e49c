import { BrokerError } from '../errors.ts'
import type { LoopbackMismatch } from './page-origin.ts'

/** 403: the grant does not name the origin of the page. */
export class ForeignOriginError extends BrokerError {
  constructor(mismatch?: LoopbackMismatch) {
    super(403, 'origin_not_allowed', mismatch ? explain(mismatch) : FOREIGN_ORIGIN)
  }
}

const FOREIGN_ORIGIN =
  'Pages of this origin may not use this grant. To allow them, add the origin to the origins of the grant, or set publicUrl if this is the URL of the broker'

// Without URLs: the page shows nothing that is as long as a token.
function explain({ page, host }: LoopbackMismatch): string {
  return `The page is of ${page}, but its request was sent to ${host}. Add the origin to the origins of the grant; or, if a development server passes the request on, let it keep the Host header, in Vite: server.proxy: { '/map-token': { target, changeOrigin: false } }`
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

/** 403: a valid session, but of another organisation. */
export class ForeignSessionError extends BrokerError {
  constructor() {
    super(403, 'session_not_allowed', 'This session may not use this grant')
  }
}

/** 404: not a dataset of the grant; whether it exists elsewhere is not disclosed. */
export class UnknownDatasetError extends BrokerError {
  constructor() {
    super(404, 'unknown_dataset', 'This grant has no such dataset')
  }
}
