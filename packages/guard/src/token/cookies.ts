/**
 * Reads every value of a cookie from these `Cookie` headers.
 *
 * Only spaces and tabs around a name are dropped. Browsers let any page of the domain set a cookie whose
 * name begins with other white space, such as U+00A0: its name is not one with the prefix `__Host-`, and
 * must not become one here.
 *
 * @see RFC 6265 §4.2.1
 */
export function readCookies(headers: readonly string[], name: string): string[] {
  return headers
    .flatMap((header) => header.split(';'))
    .flatMap((pair) => {
      const end = pair.indexOf('=')
      return end >= 0 && trimBlanks(pair.slice(0, end)) === name
        ? [trimBlanks(pair.slice(end + 1))]
        : []
    })
}

function trimBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t'
  let [start, end] = [0, text.length]
  while (start < end && isBlank(start)) start += 1
  while (end > start && isBlank(end - 1)) end -= 1
  return text.slice(start, end)
}
