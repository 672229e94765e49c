import { expect, test } from 'vitest'
import { redact } from '../src/index.ts'

test.each([
  [
    'AJAXError: (401): https://a.example/1.png?access_token=abc.def&x=1',
    'https://a.example/1.png?access_token=…&x=1',
  ],
  ['https://a.example/?x=1&api_key=s3cret#top', '?x=1&api_key=…'],
  ['Authorization: Bearer abc.def-ghi', 'Bearer …'],
  ['got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln instead', 'got … instead'],
])('no credential is left in %s', (text, rest) => {
  expect(redact(text)).toContain(rest)
  expect(redact(text)).not.toMatch(/abc\.def|s3cret|c2ln/)
})

test('given secrets are replaced in any spelling', () => {
  expect(redact('a=x/y+z and x%2Fy%2Bz', ['x/y+z'])).toBe('a=… and …')
})

test('an ordinary message stays as it is', () => {
  const text = 'Style is not done loading: layer "roads" (key 5)'
  expect(redact(text)).toBe(text)
})
