/** Why the manager asks: nothing held yet, the token ends soon, it has ended, a server refused it, or `renew()` was called. */
export type RenewalReason = 'first' | 'expiring' | 'expired' | 'rejected' | 'requested'

/**
 * Where tokens come from: the URL of an endpoint (asked with POST and same-origin credentials), or a
 * function that answers with the endpoint's `Response`. Pass the `signal` on to `fetch`.
 */
export type TokenSource =
  | string
  | URL
  | ((request: { reason: RenewalReason; signal: AbortSignal }) => Promise<Response>)

/**
 * The source as a function. A `grant` travels in the body of a request to a URL.
 *
 * @throws TypeError for a grant beside a function, which names it in its own request.
 */
export function openSource(
  source: TokenSource,
  grant: string | undefined,
): (request: { reason: RenewalReason; signal: AbortSignal }) => Promise<Response> {
  if (typeof source === 'function') {
    if (!grant) return source
    throw new TypeError('"grant" goes with a URL as the source')
  }
  return ({ signal }) =>
    fetch(source, {
      method: 'POST',
      redirect: 'manual',
      signal,
      ...(grant && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant }),
      }),
    })
}
