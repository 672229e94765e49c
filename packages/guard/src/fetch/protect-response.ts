import { hasCurrentBody, toDefaultCacheControl } from '../http/caching.ts'
import { CORS_HEADERS } from '../http/cors.ts'

/** Directives that let a shared cache store a response, or that `private` replaces. */
const SHARED = /^(?:public|private|s-maxage)(?:\s*=.*)?$/i
/** Headers that caches in front of a worker obey instead of `Cache-Control`. @see RFC 9213 */
export const FOR_CACHES: RegExp = /^(?:surrogate-control|(?:.*-)?cdn-cache-control)$/i
/** Of a body that a 304 leaves out. */
const OF_BODY = ['Content-Type', 'Content-Length', 'Content-Encoding', 'Content-Range']

/**
 * Makes a response one for the user of the request only. It is a new response: those of `fetch` and of
 * caches cannot be changed.
 *
 * @param vary What it varies by; empty if it does not.
 */
export function protectResponse(request: Request, response: Response, vary: string): Response {
  // Switching protocols: no cache stores it, and it cannot be copied.
  if (response.status === 101) return response
  // From the response itself: workerd keeps with it whether the body is compressed already.
  const copy = new Response(response.body, response)
  const { headers } = copy
  headers.set('Cache-Control', toPrivate(headers.get('cache-control'), response.status))
  for (const name of [...headers.keys()]) if (FOR_CACHES.test(name)) headers.delete(name)
  if (vary) headers.append('Vary', vary)
  for (const [name, value] of Object.entries(CORS_HEADERS))
    if (!headers.has(name)) headers.set(name, value)
  const condition = request.headers.get('if-none-match')
  const etag = headers.get('etag')
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (!isRead || copy.status !== 200 || condition === null || etag === null) return copy
  if (!hasCurrentBody(condition, etag)) return copy
  void copy.body?.cancel().catch(() => undefined)
  for (const name of OF_BODY) headers.delete(name)
  return new Response(null, { status: 304, headers })
}

/** A handler's `Cache-Control` with `private`, and without what would let a shared cache store it. */
function toPrivate(given: string | null, status: number): string {
  if (given === null) return toDefaultCacheControl(status)
  const others = given
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !SHARED.test(directive))
  return ['private', ...others].join(', ')
}
