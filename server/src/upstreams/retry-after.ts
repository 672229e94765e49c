/**
 * Seconds of a `Retry-After` header, which holds seconds or an HTTP date; `undefined` for anything
 * else.
 *
 * @param now Epoch ms by the sender's clock.
 * @see RFC 9110 §10.2.3
 */
export function findRetryAfter(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return
  if (/^\d{1,10}$/.test(header)) return Number(header)
  if (!/^[A-Z][a-z]{2}, /.test(header)) return
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now) / 1000)
}
