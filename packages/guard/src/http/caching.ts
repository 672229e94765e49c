/** `Cache-Control` of a response whose handler does not set it: the cache of one user, for an hour. */
const DEFAULT = 'private, max-age=3600'

/** The `Cache-Control` of a response whose handler sets none. */
export function toDefaultCacheControl(status: number): string {
  return status < 400 ? DEFAULT : 'no-store'
}

/**
 * Does a client that sends this `If-None-Match` have the body with this ETag? The comparison is weak.
 *
 * @see RFC 9110 §13.1.2
 */
export function hasCurrentBody(condition: string, etag: string): boolean {
  const strip = (tag: string) => tag.trim().replace(/^W\//, '')
  return condition.trim() === '*' || condition.split(',').some((tag) => strip(tag) === strip(etag))
}
