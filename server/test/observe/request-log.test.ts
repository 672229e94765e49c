import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactPath } from '../../src/observe/request-log.ts'

const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ0b2tfMCJ9.${'c2lnbmF0dXJl'.repeat(4)}`
const TOKENS = [
  JWT,
  'sk.eyJ1IjoiY2l0eSIsImEiOiJjbXo4cDF4eTIifQ.vLRgLquGVo-w0SUPISuYZw',
  'tk.eyJ1IjoiY2l0eSIsImV4cCI6MTgwMDAwMDAwMH0.vLRgLquGVo_w0SUPISuYZw',
]

/** Percent-encodes a character a number of times, each time every character or only the percent sign. */
function encode(character: string, styles: readonly { isUpper: boolean; isWhole: boolean }[]) {
  let text = character
  for (const [index, { isUpper, isWhole }] of styles.entries()) {
    const toEscape = (one: string) => {
      const hex = one.charCodeAt(0).toString(16).padStart(2, '0')
      return `%${isUpper ? hex.toUpperCase() : hex}`
    }
    text =
      index === 0 || isWhole ? [...text].map(toEscape).join('') : text.replace('%', toEscape('%'))
  }
  return text
}

/** What any server may make of a path: it decodes once, twice and so on. */
function decodeOften(text: string): string {
  const decoded = decodeURIComponent(text)
  return decoded === text ? text : decodeOften(decoded)
}

const style = fc.record({ isUpper: fc.boolean(), isWhole: fc.boolean() })
const spelling = fc.constantFrom(...TOKENS).chain((token) =>
  fc
    .array(fc.array(style, { maxLength: 3 }), {
      minLength: token.length,
      maxLength: token.length,
    })
    .map((styles) => ({
      token,
      written: [...token].map((character, at) => encode(character, styles[at] ?? [])).join(''),
    })),
)

test('P6: no spelling of a token reaches the log, whichever of its characters are encoded', () => {
  fc.assert(
    fc.property(spelling, ({ token, written }) => {
      // The oracle of the spelling is the decoder of the platform.
      expect(decodeOften(written)).toBe(token)
      const path = redactPath(`/a/${written}/b.pbf?x=${written}`)
      expect(path).toBe('/a/[redacted]/b.pbf')
      expect(redactPath(`/${written}`)).toBe('/[redacted]')
    }),
    { numRuns: 500 },
  )
})

test('a part of a path that could be decoded into no token stays as it was sent', () => {
  for (const path of [
    '/v1/tiles/a%20b/0/0/0.mvt',
    '/%ff/%zz/%',
    '/a%2Fb%252e',
    '/é/%C3%A9',
    '/a.b.c',
  ])
    expect(redactPath(path)).toBe(path)
})

test('a path that holds a token is shown decoded, so that no half of an escape remains', () => {
  expect(redactPath(`/a%20b/${JWT}`)).toBe('/a b/[redacted]')
  expect(redactPath(`/%C3%A9/%2565${JWT.slice(1)}/%ff%`)).toBe('/%C3%A9/[redacted]/%ff%')
})

test('a name that is joined to a token by a dot saves no part of it from redaction', () => {
  for (const name of ['a', 'v1', 'a'.repeat(30), `v1.${'a'.repeat(30)}`])
    expect(redactPath(`/${name}.${JWT}/b`)).toBe('/[redacted]/b')
})

test('hostile paths take no longer than their length suggests', () => {
  for (const piece of ['%25', '%', 'a.', 'aaaaaaaaaaaaaaaaaaaaa.', '%2565', '-'])
    expect(redactPath(`/${piece.repeat(200_000)}`).length).toBeLessThanOrEqual(500)
})
