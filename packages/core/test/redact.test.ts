import { expect, test } from 'vitest'
import { redact } from '../src/index.ts'

test('every secret is replaced, plain or encoded, wherever it is', () => {
  expect(redact('x/y+z at https://a.example/?t=x%2Fy%2Bz&n=key', ['x/y+z', 'key'])).toBe(
    '… at https://a.example/?t=…&n=…',
  )
})

test('an ordinary message stays as it is', () => {
  const text = 'Style is not done loading: layer "roads" (key 5)'
  expect(redact(text, ['canary'])).toBe(text)
})
