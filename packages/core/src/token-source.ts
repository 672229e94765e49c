/** Why the manager asks: it holds no token, the token expires soon, it has expired, a server refused it, or `renew()` was called. */
export type RenewalReason = 'first' | 'expiring' | 'expired' | 'rejected' | 'requested'

/**
 * Where tokens come from: the URL of an endpoint (requested with POST and same-origin credentials), or a
 * function that returns the endpoint's `Response`. Such a function should pass the `signal` to `fetch`.
 */
export type TokenSource =
  | string
  | URL
  | ((request: { reason: RenewalReason; signal: AbortSignal }) => Promise<Response>)

/**
 * The source as a function. A `grant` is sent in the body of the request to a URL.
 *
 * @throws TypeError for a grant beside a function, which names the grant in its own request.
 */
export function openSource(
  source: TokenSource,
  grant: string | undefined,
): (request: { reason: RenewalReason; signal: AbortSignal }) => Promise<Response> {
  if (typeof source === 'function') {
    if (!grant) return source
    throw new TypeError('"grant" requires the source to be a URL')
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
