/** Most names that are added for one request, and most characters of the request that are read. */
const MAX_NAMES = 32
const MAX_LENGTH = 1024
/** A header name (RFC 9110 §5.1), in the characters that all servers accept. */
const NAME = /^[a-z0-9_-]+$/
/** Headers that say who or what a request is, to a proxy or to a server behind one: no page may set them. */
const REFUSED =
  /^(?:forwarded|x-forwarded-.*|x-real-ip|x-original-.*|x-tilepass-.*|x-http-method-override)$/

/**
 * The value of `Access-Control-Allow-Headers`: what pages always may send, and what this preflight asks
 * for. Tracing libraries add headers of their own to every request of a page (`baggage`, `traceparent`,
 * `sentry-trace`); refusing them would fail the tiles. A name with "_" is refused as its twin with "-" is:
 * some servers read both as one.
 *
 * Only for routes without a credential that a browser sends by itself, and that no header but
 * `Authorization` opens.
 *
 * @param requested `Access-Control-Request-Headers`.
 * @param always Names that pages may send whatever they ask for, separated by commas.
 * @see https://fetch.spec.whatwg.org/#http-access-control-request-headers
 */
export function formatAllowedHeaders(requested: string | undefined, always: string): string {
  const names = new Set(always.toLowerCase().split(/, */))
  let allowed = always
  let left = MAX_NAMES
  for (const text of listComplete(requested ?? '')) {
    const name = text.trim().toLowerCase()
    if (!NAME.test(name) || REFUSED.test(name.replaceAll('_', '-')) || names.has(name)) continue
    if (left === 0) break
    names.add(name)
    allowed += `, ${name}`
    left -= 1
  }
  return allowed
}

/** The names within the first KiB; one that is cut off there is left out. */
function listComplete(requested: string): readonly string[] {
  const names = requested.slice(0, MAX_LENGTH).split(',')
  return requested.length > MAX_LENGTH ? names.slice(0, -1) : names
}
