import fc from 'fast-check'
import { expect } from 'vitest'
import { findQueryParameters, formatQuery } from '../../../packages/guard/src/tiles/query.ts'
import { ODD_NAMES } from '../../../packages/guard/test/support/odd-names.ts'
import { queryReaders } from '../../../packages/guard/test/support/query-readers.ts'
import { FRAGMENTS } from '../mutants.ts'
import type { Target } from '../target.ts'

const name = fc.oneof(fc.constantFrom('z', 'x', 'Z', 'layer', ...ODD_NAMES), fc.string())
const value = fc
  .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string().map(encodeSafely)), { maxLength: 3 })
  .map((parts) => parts.join(''))

function encodeSafely(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}

/** Every reader of queries finds in an accepted query the same, and what is written plainly is accepted. */
export const strictQuery: Target<string> = {
  name: 'strict-query',
  arbitrary: fc
    .array(fc.tuple(name, value), { maxLength: 4 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
  check: (query) => {
    const found = findQueryParameters(query)
    const pairs = [...new URLSearchParams(query)]
    if (!found) {
      expect(isPlain(query, pairs)).toBe(false)
      return false
    }
    const expected = found.map(({ name, value }) => [name.toLowerCase(), [value]])
    expect(new Set(expected.map(([name]) => name)).size).toBe(expected.length)
    expect(found.map(({ name, value }) => [name, value])).toEqual(pairs)
    for (const text of [query, formatQuery(found)])
      for (const read of Object.values(queryReaders)) {
        const seen = [...read(text)].map(([name, values]) => [name.toLowerCase(), values])
        expect(seen.sort()).toEqual([...expected].sort())
      }
    return true
  },
}

/** Is it what `encodeURIComponent` writes for different plain names and printable values? */
function isPlain(query: string, pairs: readonly (readonly [string, string])[]): boolean {
  const names = new Set(pairs.map(([name]) => name.toLowerCase()))
  if (names.size !== pairs.length) return false
  if (!pairs.every(([name, value]) => /^[\w-]+$/.test(name) && !/\p{Cc}/u.test(value))) return false
  return pairs.map(([name, value]) => `${name}=${encodeSafely(value)}`).join('&') === query
}
