import type { Send } from './send.ts'

/** What the broker asks an upstream for. */
export interface UpstreamRequest {
  /** Space-separated scopes; `undefined` where the grant names none. */
  readonly scope: string | undefined
  /** Seconds that the token should last; `undefined` leaves it to the upstream. */
  readonly expiresInSeconds: number | undefined
  /** The one of the grant's datasets that the page named; `undefined` for a grant without any. */
  readonly dataset: string | undefined
  /** Aborts when time is up. */
  readonly signal: AbortSignal
}

/** What an upstream said. Nothing of it is believed before the broker has checked it. */
export interface UpstreamAnswer {
  /** The short-lived token. */
  readonly token: unknown
  /** Seconds that it lasts, counted from when the request left. */
  readonly expiresInSeconds: unknown
  /** Space-separated scopes; left out when they are those asked for. */
  readonly scope?: unknown
}

/**
 * Somebody else's issuer: asks it for one short-lived token. The broker calls it once at a time per
 * grant and dataset, again after a failure that may pass, and shares and checks what it answers.
 *
 * @param send Sends a POST request, bounded in time and size, and resolves to the JSON object that
 *   answers it. What it throws says by its type whether the broker tries again, so let it pass.
 */
export type Upstream = (request: UpstreamRequest, send: Send) => Promise<UpstreamAnswer>
