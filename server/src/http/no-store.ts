/**
 * Headers of a response that holds a token or ends one: no cache stores it, not even one of HTTP/1.0.
 *
 * @see RFC 6749 §5.1
 */
export const NO_STORE = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
} as const
