/** A parameter of a query, as every server reads it. */
export interface QueryParameter {
  /** As it was sent; it has no other spelling but its case. */
  readonly name: string
  /** Percent-decoded. */
  readonly value: string
}

/** Characters that no server changes, folds or splits at; none needs an escape. */
const NAME = /^[A-Za-z0-9_-]+$/
/** What RFC 3986 allows, without the second meanings: `+` (a space for some), `;` and `?` (separators). */
const VALUE = /^(?:[A-Za-z0-9\-._~!$'()*,/:=@]|%[0-9A-Fa-f]{2})*$/
/** Characters that must not be escaped: letters and digits, and control characters in any form. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it must find
const UNSAFE = /[A-Za-z0-9\u0000-\u001f\u007f-\u009f]/

/** Has this name one reading, in every server? */
export function isParameterName(name: string): boolean {
  return NAME.test(name)
}

/**
 * Reads a query. Returns `undefined` if two servers could read it in two ways: names other than
 * letters, digits, `_` and `-`, names that occur twice in any case, empty pairs, pairs without `=`, a
 * raw `;`, `+` or `?`, malformed escapes, escapes of letters, digits or control characters, and
 * invalid UTF-8. The escape of any other character, such as `%3B` or `%2B`, is part of a value.
 *
 * Servers read queries more freely than paths: some end a name at NUL or fold its case by Unicode,
 * take the first of two values or the last, drop what is in brackets, or split at `;`.
 *
 * @param query The part after `?`; empty if there is none.
 */
export function findQueryParameters(query: string): readonly QueryParameter[] | undefined {
  if (query === '') return []
  const parameters: QueryParameter[] = []
  const names = new Set<string>()
  for (const pair of query.split('&')) {
    const end = pair.indexOf('=')
    const name = pair.slice(0, Math.max(end, 0))
    const value = findValue(pair.slice(end + 1))
    // Case-insensitive servers see one name. Among these characters, every rule folds alike.
    if (!NAME.test(name) || value === undefined || names.has(name.toLowerCase())) return
    names.add(name.toLowerCase())
    parameters.push({ name, value })
  }
  return parameters
}

/** Writes a query of which every server reads exactly these parameters. */
export function formatQuery(parameters: readonly QueryParameter[]): string {
  return parameters.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('&')
}

function findValue(text: string): string | undefined {
  if (!VALUE.test(text)) return
  try {
    for (const [escapes] of text.matchAll(/(?:%[0-9A-Fa-f]{2})+/g))
      if (UNSAFE.test(decodeURIComponent(escapes))) return
    return decodeURIComponent(text)
  } catch {
    return
  }
}
