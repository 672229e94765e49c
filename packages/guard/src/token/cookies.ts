/** Reads every value of a cookie from these `Cookie` headers. @see RFC 6265 §4.2.1 */
export function readCookies(headers: readonly string[], name: string): string[] {
  return headers
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim().split(/=(.*)/s))
    .flatMap(([key, value = '']) => (key === name ? [value] : []))
}
