import { BrokerError } from '../errors.ts'

/**
 * An upstream did not give a token. The description is for the page; the reason is for the log, and
 * has nothing in it that the upstream or a secret could have put there.
 */
export abstract class UpstreamError extends BrokerError {
  abstract readonly reason: string
}

/** How soon to ask again when nobody says, in seconds. */
export const DEFAULT_RETRY_AFTER = 5
/** An upstream that asks for more patience does not get it, in seconds. */
const MAX_RETRY_AFTER = 600

/** 503: it does not answer, or asks to be asked later. */
export class UpstreamUnavailableError extends UpstreamError {
  readonly reason: string
  readonly retryAfterSeconds: number
  /** Did the upstream itself say when? */
  readonly isTold: boolean

  constructor(reason: string, told?: number) {
    const seconds = Math.min(MAX_RETRY_AFTER, Math.max(1, Math.ceil(told ?? DEFAULT_RETRY_AFTER)))
    super(503, 'temporarily_unavailable', 'The upstream gives no tokens at the moment', {
      'Retry-After': String(seconds),
    })
    this.reason = reason
    this.retryAfterSeconds = seconds
    this.isTold = told !== undefined
  }
}

/** 502: it refuses what the operator has configured: the credential, a scope, a dataset. */
export class UpstreamRefusedError extends UpstreamError {
  readonly reason: string

  constructor(reason: string) {
    super(
      502,
      'upstream_refused',
      'The upstream refuses what this broker is configured to ask; its operator must mend that',
    )
    this.reason = reason
  }
}

/** 502: it answered something that must not be relayed. */
export class UpstreamInvalidError extends UpstreamError {
  readonly reason: string

  constructor(reason: string) {
    super(502, 'upstream_invalid', 'The upstream answered something that cannot be used')
    this.reason = reason
  }
}
