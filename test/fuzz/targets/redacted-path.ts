import fc from 'fast-check'
import { expect } from 'vitest'
import { redactPath } from '../../../server/src/observe/request-log.ts'
import { FRAGMENTS } from '../mutants.ts'
import type { Target } from '../target.ts'

const PAYLOAD = 'eyJ1IjoiY2l0eSIsImEiOiJjbXo4cDF4eTIifQ'
const SIGNATURE = 'vLRgLquGVo-w0SUPISuYZw'
const TOKENS = [`eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.${SIGNATURE}`, `sk.${PAYLOAD}.${SIGNATURE}`]

/** Escapes some characters, some of them twice. */
const spelled = fc
  .tuple(fc.constantFrom(...TOKENS), fc.array(fc.nat(), { maxLength: 6 }))
  .map(([token, places]) => {
    const characters = [...token]
    for (const place of places) {
      const at = place % characters.length
      characters[at] = (characters[at] ?? '').replace(
        /^./,
        (character) => `%${character.charCodeAt(0).toString(16)}`,
      )
    }
    return characters.join('')
  })
const part = fc.oneof(
  spelled,
  fc.constantFrom('/', '/', '.', 'tiles.json', 'a'.repeat(30), ...TOKENS, ...FRAGMENTS),
)

/** However often a path is decoded: of a whole token, neither payload nor signature is in the log. */
export const redactedPath: Target<string> = {
  name: 'redacted-path',
  arbitrary: fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('')}`),
  check: (path) => {
    const logged = redactPath(path)
    const [shown, given = ''] = [decodeOften(logged), decodeOften(path.split(/[?#]/)[0] ?? '')]
    expect(logged).not.toMatch(/[?#]/)
    expect(logged.length).toBeLessThanOrEqual(500)
    const tokens = TOKENS.filter((token) => given.includes(token))
    for (const token of tokens) expect(shown).not.toContain(token)
    const isOnce = [PAYLOAD, SIGNATURE].every((part) => given.split(part).length === 2)
    if (tokens.length > 0 && isOnce) {
      expect(shown).not.toContain(PAYLOAD)
      expect(shown).not.toContain(SIGNATURE)
    }
    if (!/[\w-]{20}/.test(given)) expect(logged).toBe((path.split(/[?#]/)[0] ?? '').slice(0, 500))
    return tokens.length > 0
  },
}

function decodeOften(text: string): string {
  const decoded = text.replace(/%[0-7][0-9a-f]/gi, decodeURIComponent)
  return decoded === text ? text : decodeOften(decoded)
}
