import { isCanonicalBase64url } from '@tilepass/guard/broker'

/** Longest token that is looked at, in characters. */
const MAX_LENGTH = 4096

/**
 * Is this a compact JWS as we write it: canonical base64url, the type `JWT`, and exactly these header
 * members? A token with a key, a critical extension or a different spelling is not one of ours.
 *
 * @see RFC 8725 §3.1
 */
export function isCanonicalJws(token: string, headerMembers: readonly string[]): boolean {
  if (token.length > MAX_LENGTH) return false
  const segments = token.split('.', 4)
  if (segments.length !== 3 || !segments.every(isCanonicalBase64url)) return false
  try {
    const header: unknown = JSON.parse(Buffer.from(segments[0] ?? '', 'base64url').toString())
    if (typeof header !== 'object' || header === null) return false
    if (Reflect.get(header, 'typ') !== 'JWT') return false
    return Object.keys(header).sort().join() === [...headerMembers].sort().join()
  } catch {
    return false
  }
}
