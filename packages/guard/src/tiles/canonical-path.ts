/** A request target whose path every server reads alike. */
export interface CanonicalTarget {
  /** The path, percent-decoded. */
  readonly path: string
  /** What follows `?`; empty without one. */
  readonly query: string
  /** The path as it was sent, which has no other spelling. */
  readonly rawPath: string
}

/** A path of segments that are neither empty nor end in a dot, in characters that need no escape. */
const PATH = /^(?:\/(?:[A-Za-z0-9\-_~!$&'()*+,=:@.]|%[0-9A-Fa-f]{2})+)*\/?$/
/** `.`, `..`, and names that some file systems take for the same name without the dot. */
const DOT_END = /\.(?:\/|$)/
/**
 * What must not come out of an escape: what needs none (so there would be two spellings), what other
 * servers give a meaning to, and control characters.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const UNSAFE = /[A-Za-z0-9\-._~/\\;?#%\u0000-\u001f\u007f-\u009f]/

/**
 * Reads a request target in origin form, or `undefined` for one that two servers could read in two
 * ways: dot segments, empty segments, path parameters, fragments, backslashes, escapes that hide any
 * of these or a plain character, and broken UTF-8.
 *
 * Whoever decides about a request and whoever serves it must see the same path; so everything with
 * more than one spelling is refused instead of being understood.
 *
 * @see RFC 3986 §6
 */
export function findCanonicalTarget(target: string): CanonicalTarget | undefined {
  const start = target.indexOf('?')
  const rawPath = start < 0 ? target : target.slice(0, start)
  const query = start < 0 ? '' : target.slice(start + 1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  if (/[#\s\u0000-\u001f\u007f-\uffff]/.test(query)) return
  if (!rawPath.startsWith('/') || !PATH.test(rawPath) || DOT_END.test(rawPath)) return
  for (const [escapes] of rawPath.matchAll(/(?:%[0-9A-Fa-f]{2})+/g)) {
    const text = decode(escapes)
    if (text === undefined || UNSAFE.test(text)) return
  }
  return { path: decode(rawPath) ?? rawPath, query, rawPath }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return
  }
}
