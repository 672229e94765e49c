import { parse } from 'node:querystring'

/** How a server reads a query: the values of each name, in the order in which they arrived. */
export type ReadQuery = (query: string) => ReadonlyMap<string, readonly string[]>

/** Servers read queries like one of these. Each is as forgiving as the strangest server of its kind. */
export const queryReaders: Readonly<Record<string, ReadQuery>> = {
  'URLSearchParams of Node': (query) => group([...new URLSearchParams(query)]),
  'querystring of Node': (query) =>
    new Map(Object.entries(parse(query)).map(([name, value = '']) => [name, [value].flat()])),
  'PHP: spaces and dots become _, brackets make lists': (query) =>
    group(
      split(query, /&/).map(([name, value]) => [
        unescapeLoosely(name)
          .replace(/^ +/, '')
          .replace(/\0.*$/s, '')
          .replace(/\[.*$/s, '')
          .replace(/[ .]/g, '_'),
        unescapeLoosely(value),
      ]),
    ),
  'Java: names fold by Unicode, ; separates, spaces are trimmed': (query) =>
    group(
      split(query, /[&;]/).map(([name, value]) => [
        // Upper case first: that folds the dotless i and the long s.
        unescapeLoosely(name).normalize('NFKC').toUpperCase().toLowerCase().trim(),
        unescapeLoosely(value),
      ]),
    ),
  'C: strings end at NUL, names have any case': (query) =>
    group(
      split(query, /&(?:amp;)?/).map(([name, value]) => [
        unescapeLoosely(name).replace(/\0.*$/s, '').toLowerCase(),
        unescapeLoosely(value).replace(/\0.*$/s, ''),
      ]),
    ),
  'C: nothing in a name is unescaped, and + is +': (query) =>
    group(
      split(query, /&/).map(([name, value]) => [
        name.toLowerCase(),
        unescapeLoosely(value.replaceAll('+', '%2B')),
      ]),
    ),
  'a gateway that starts at the last question mark': (query) =>
    group([...new URLSearchParams(query.replace(/^.*\?/s, ''))]),
}

function split(query: string, separator: RegExp): [string, string][] {
  return query
    .split(separator)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return [name, value]
    })
}

/** Leaves malformed escapes as they are, and replaces what is not UTF-8. */
function unescapeLoosely(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString(),
    )
}

function group(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string[]> {
  const values = new Map<string, string[]>()
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value])
  return values
}
