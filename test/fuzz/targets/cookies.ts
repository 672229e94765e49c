import { parse } from 'cookie'
import fc from 'fast-check'
import { expect } from 'vitest'
import { readCookies } from '../../../packages/guard/src/token/cookies.ts'
import { FRAGMENTS } from '../mutants.ts'
import type { Target } from '../target.ts'

interface Input {
  readonly headers: readonly string[]
  readonly name: string
}

const name = fc.constantFrom('__Host-tilepass', 'tilepass', '__proto__', 'a')
const odd = fc.constantFrom('', '', '', ' ', ...FRAGMENTS)
const pair = fc
  .tuple(
    odd,
    fc.oneof(name, fc.string()),
    odd,
    fc.constantFrom('=', '=', '==', ''),
    fc.string(),
    odd,
  )
  .map((parts) => parts.join(''))

/** Without decoding; a cookie's value is opaque. */
const read = (header: string) => parse(header, { decode: (value) => value })

/** The parser that servers use finds each of our values first; no name has white space that it keeps. */
export const cookies: Target<Input> = {
  name: 'cookies',
  arbitrary: fc.record({
    headers: fc.array(
      fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join('; ')),
      { maxLength: 2 },
    ),
    name,
  }),
  check: ({ headers, name }) => {
    // Options cannot name such a cookie.
    if (name === '') return false
    for (const header of headers) {
      const found = readCookies([header], name)
      const first = Object.hasOwn(read(header), name) ? read(header)[name] : undefined
      // A pair without "=" is a nameless cookie for browsers, and no cookie for servers.
      expect(found[0]).toBe(first)
      for (const value of found) expect(read(`${name}=${value}`)[name]).toBe(value)
    }
    const each = headers.map((header) => readCookies([header], name))
    const all = readCookies(headers, name)
    expect(all).toEqual(each.flat())
    return all.length > 0
  },
}
