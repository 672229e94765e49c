/** A request target whose path every server reads in the same way. */
export interface CanonicalTarget {
  /** The path, percent-decoded. */
  readonly path: string
  /** The part after `?` as it was sent, without the token; empty if there is none. */
  readonly query: string
  /** The path as it was sent; it has no other spelling. */
  readonly rawPath: string
}

/** Non-empty segments of characters that need no escape, or of escapes. */
const PATH = /^(?:\/(?:[A-Za-z0-9\-_~!$&'()*+,=:@.]|%[0-9A-Fa-f]{2})+)*\/?$/
/** `.`, `..`, and names that end in a dot, which some file systems ignore. */
const DOT_END = /\.(?:\/|$)/
/**
 * Characters that must not be escaped: those that need no escape (an escape would be a second
 * spelling), those with a special meaning for some server, and control characters.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must find
const UNSAFE = /[A-Za-z0-9\-._~/\\;?#%\u0000-\u001f\u007f-\u009f]/

/**
 * Reads a request target in origin form. Returns `undefined` if two servers could read it in two
 * ways: dot segments, empty segments, path parameters, fragments, backslashes, escapes that hide any
 * of these or a plain character, and invalid UTF-8.
 *
 * The guard and the server behind it must see the same path. So a path with more than one spelling
 * is refused, not normalized. What the query means is decided by the rules for tiles.
 *
 * @param tokenParameter Name of the query parameter that may contain the token.
 * @see RFC 3986 §6
 */
export function findCanonicalTarget(
  target: string,
  tokenParameter?: string,
): CanonicalTarget | undefined {
  const start = target.indexOf('?')
  const rawPath = start < 0 ? target : target.slice(0, start)
  const query = start < 0 ? '' : target.slice(start + 1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must find
  if (/[#\s\u0000-\u001f\u007f-\uffff]/.test(query)) return
  if (!rawPath.startsWith('/') || !PATH.test(rawPath) || DOT_END.test(rawPath)) return
  for (const [escapes] of rawPath.matchAll(/(?:%[0-9A-Fa-f]{2})+/g)) {
    const text = decode(escapes)
    if (text === undefined || UNSAFE.test(text)) return
  }
  return {
    path: decode(rawPath) ?? rawPath,
    query: withoutParameter(query, tokenParameter),
    rawPath,
  }
}

function withoutParameter(query: string, name: string | undefined): string {
  if (query === '' || name === undefined) return query
  const isOther = (pair: string) => !new URLSearchParams(`?${pair}`).has(name)
  return query.split('&').filter(isOther).join('&')
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return
  }
}
