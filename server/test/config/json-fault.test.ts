import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findJsonFault } from '../../src/config/json-fault.ts'

test.each([
  ['', 1, 1],
  ['{', 1, 2],
  ['{\n  "a": 1,\n  "b": 2,\n}', 4, 1],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
  ['{\n  "a": "secret\n}', 2, 8],
  ["{ 'a': 1 }", 1, 3],
  ['{ "a": 01 }', 1, 8],
  ['{ "a": tru }', 1, 8],
  ['{ "a": [1, 2}', 1, 13],
  ['{} // a comment', 1, 4],
  ['{ "a": "\\x" }', 1, 8],
])('the fault of %j is at line %i, column %i', (text, line, column) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError)
  expect(findJsonFault(text)).toEqual({ line, column })
})

test('there is a fault exactly where JSON.parse finds one', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  const nearJson = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', '0', ' ', '\\', 'e', '\n'))
    .map(([text, place, mark]) => {
      const at = place % (text.length + 1)
      return text.slice(0, at) + mark + text.slice(at + 1)
    })
  fc.assert(
    fc.property(fc.oneof(fc.json(), nearJson), (text) => {
      expect([text, findJsonFault(text) === undefined]).toEqual([text, isJson(text)])
    }),
  )
})
