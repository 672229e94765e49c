import fc from 'fast-check'
import { expect } from 'vitest'
import { createAllowList } from '../../../packages/core/src/allow-list.ts'
import { FRAGMENTS } from '../mutants.ts'
import { findParsed, type Target } from '../target.ts'

interface Input {
  readonly rules: readonly string[]
  readonly url: string
}

const PREFIXES = [
  'https://tiles.example/v1/',
  'https://tiles.example/v2',
  'https://tiles.example:8443',
]
const prefix = fc.oneof(
  fc.constantFrom(
    ...PREFIXES,
    'http://tiles.example/',
    'https://tiles.example/v1/a.b',
    'https://[::1]/v1',
  ),
  fc
    .tuple(fc.constantFrom(...PREFIXES), fc.constantFrom(...FRAGMENTS))
    .map((parts) => parts.join('')),
)
const tail = fc
  .array(fc.oneof(fc.constantFrom('a', '/', '..', 'v1', '1.png', ...FRAGMENTS), fc.string()), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''))

/** A covered URL has, for the parser of the platform, the origin of the rule and its path segments. */
export const allowList: Target<Input> = {
  name: 'allow-list',
  arbitrary: fc.record({
    rules: fc.array(prefix, { minLength: 1, maxLength: 3 }),
    url: fc.oneof(
      fc.tuple(prefix, tail).map((parts) => parts.join('')),
      fc
        .tuple(fc.constantFrom('https://', 'https:\\\\', 'https:', '//', ''), tail)
        .map(([start, end]) => `${start}tiles.example${end}`),
    ),
  }),
  check: ({ rules, url }) => {
    const found = findParsed(() => createAllowList(rules).match(url), TypeError)
    const prefixes = rules.filter((rule) => URL.canParse(rule)).map((rule) => new URL(rule))
    const isCovered = (prefix: URL) =>
      URL.canParse(url) && covers(prefix, new URL(url)) && new URL(url).username === ''
    if (!found) {
      const isPlain = /^https:\/\/tiles\.example(?:\/[\w~-]+)+$/.test(url)
      const arePlain = rules.every((rule) => PREFIXES.includes(rule))
      expect(isPlain && arePlain && prefixes.some(isCovered)).toBe(false)
      return false
    }
    const covering = prefixes.filter(isCovered).map(({ href }) => href)
    expect(covering).toContain(found.prefix)
    expect(Math.max(...covering.map(({ length }) => length))).toBe(found.prefix.length)
    const { password, pathname } = new URL(url)
    expect(password).toBe('')
    // A server may decode the path once more, and would resolve what that reveals.
    const decoded = pathname.replace(/%(?:2e|2f|5c)/gi, decodeURIComponent).replaceAll('\\', '/')
    const resolved = new URL(`http://host${decoded}`).pathname
    const base = new URL(found.prefix).pathname
    expect(resolved.startsWith(base.replace(/\/$/, ''))).toBe(true)
    return true
  },
}

function covers(prefix: URL, url: URL): boolean {
  if (!/^https?:$/.test(prefix.protocol) || prefix.origin !== url.origin) return false
  const [base, path] = [prefix.pathname, url.pathname]
  return path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`)
}
