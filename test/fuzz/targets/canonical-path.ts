import { posix } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { findCanonicalTarget } from '../../../packages/guard/src/tiles/canonical-path.ts'
import { FRAGMENTS } from '../mutants.ts'
import type { Target } from '../target.ts'

interface Input {
  readonly target: string
  readonly tokenParameter: string
}

const part = fc.oneof(
  fc.constantFrom('/', '/', '..', '.', 'data', 'z%C3%BCrich', '%20', ...FRAGMENTS),
  fc.string({ maxLength: 4 }),
)

/** The URL parser, the normalisation of POSIX and the decoder leave an accepted path as it is. */
export const canonicalPath: Target<Input> = {
  name: 'canonical-path',
  arbitrary: fc.record({
    target: fc
      .tuple(fc.array(part, { maxLength: 6 }), fc.array(part, { maxLength: 4 }), fc.boolean())
      .map(([path, query, hasQuery]) => `/${path.join('')}${hasQuery ? '?' : ''}${query.join('')}`),
    tokenParameter: fc.constantFrom('token', 'access_token', 'a+b', 'é', '%'),
  }),
  check: ({ target, tokenParameter }) => {
    const found = findCanonicalTarget(target, tokenParameter)
    if (!found) {
      expect(/^(?:\/[\w~-]+)+(?:\?[\w=&.-]*)?$/.test(target)).toBe(false)
      return false
    }
    const url = new URL(`http://host${target}`)
    expect(url.host + url.pathname).toBe(`host${found.rawPath}`)
    expect(posix.normalize(found.path)).toBe(found.path)
    expect(decodeURIComponent(found.rawPath)).toBe(found.path)
    // Escaping the path again changes at most what needs no escape, and the case of hex digits.
    const again = found.path.split('/').map(encodeURIComponent).join('/')
    expect(new URL(again, 'http://host').pathname).toBe(again)
    expect(decodeURIComponent(again)).toBe(found.path)
    // No server finds another separator, or an end, in a name.
    expect(found.path).not.toMatch(/[\\;?#%\p{Cc}]|\.(?:\/|$)/u)
    const others = [...url.searchParams].filter(([name]) => name !== tokenParameter)
    // Without the separator, the parser would drop a leading question mark.
    expect([...new URLSearchParams(`&${found.query}`)]).toEqual(others)
    return true
  },
}
