import type { Send } from './send.ts'

/** What the broker requests from an upstream. */
export interface UpstreamRequest {
  /** Space-separated scopes; `undefined` if the grant names none. */
  readonly scope: string | undefined
  /** Wanted lifetime in seconds; `undefined` leaves it to the upstream. */
  readonly expiresInSeconds: number | undefined
  /** The dataset of the grant that the page chose; `undefined` for a grant without datasets. */
  readonly dataset: string | undefined
  /** Aborts when time is up. */
  readonly signal: AbortSignal
}

/** What an upstream returned. The broker checks every member before it uses one. */
export interface UpstreamAnswer {
  /** The short-lived token. */
  readonly token: unknown
  /** Lifetime in seconds, counted from when the request left. */
  readonly expiresInSeconds: unknown
  /** Space-separated scopes; left out if they are those of the request. */
  readonly scope?: unknown
}

/**
 * Requests one short-lived token from a third-party issuer. For a shared grant the broker calls it once
 * at a time per dataset; after a temporary failure it calls it again. The broker checks the result.
 *
 * @param send Sends a POST request, with limits on time and size, and resolves to the JSON object of the
 *   response. Let its errors pass: their types tell the broker whether to retry.
 */
export type Upstream = (request: UpstreamRequest, send: Send) => Promise<UpstreamAnswer>
