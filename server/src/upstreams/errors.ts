import { toRetryAfter } from '@tilepass/guard/broker'
import { BrokerError } from '../errors.ts'

/**
 * The upstream gave no token. The description is sent to the page. The reason is logged; it never quotes
 * the upstream or a secret.
 */
export abstract class UpstreamError extends BrokerError {
  abstract readonly reason: string
}

/** `Retry-After` where the upstream sends none, in seconds. */
export const DEFAULT_RETRY_AFTER_SECONDS = 5
/** Longest `Retry-After` that is respected and passed on, in seconds. */
const MAX_RETRY_AFTER_SECONDS = 600

/** 503: the upstream does not respond, fails, or asks for a later request. */
export class UpstreamUnavailableError extends UpstreamError {
  readonly reason: string
  readonly retryAfterSeconds: number
  /** Did the upstream itself send `Retry-After`? */
  readonly hasRetryAfter: boolean

  /** @param retryAfterSeconds `Retry-After` of the upstream, if it sent one. */
  constructor(reason: string, retryAfterSeconds?: number) {
    const wanted = Math.ceil(retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS)
    const seconds = Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, wanted))
    super(
      503,
      'temporarily_unavailable',
      'The upstream cannot issue tokens at the moment',
      toRetryAfter(seconds),
    )
    this.reason = reason
    this.retryAfterSeconds = seconds
    this.hasRetryAfter = retryAfterSeconds !== undefined
  }
}

/** 503: the time limit of a request passed. */
export class UpstreamTimeoutError extends UpstreamUnavailableError {
  constructor() {
    super('timed out')
  }
}

/** 502: the upstream refuses what is configured: the credential, a scope or a dataset. */
export class UpstreamRefusedError extends UpstreamError {
  readonly reason: string

  constructor(reason: string) {
    super(
      502,
      'upstream_refused',
      'The upstream refused the request that this broker is configured to make; contact the operator',
    )
    this.reason = reason
  }
}

/** 502: the response must not be relayed. */
export class UpstreamInvalidError extends UpstreamError {
  readonly reason: string

  constructor(reason: string) {
    super(502, 'upstream_invalid', 'The response of the upstream cannot be used')
    this.reason = reason
  }
}
