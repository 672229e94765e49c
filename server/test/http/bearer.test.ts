import { expect, test } from 'vitest'
import { InvalidRequestError } from '../../src/errors.ts'
import { readBearer } from '../../src/http/bearer.ts'

const read = (...rawHeaders: string[]) =>
  readBearer({ rawHeaders, url: '/' }, () => new RangeError('no token'))

test('a bearer token is the one of the Authorization header', () => {
  expect(read('Authorization', 'bearer abc')).toBe('abc')
})

test('without one the caller decides about the error', () => {
  for (const headers of [[], ['Authorization', 'Basic abc'], ['Authorization', 'Bearer']])
    expect(() => read(...headers)).toThrow(new RangeError('no token'))
})

test('several Authorization headers are refused, whatever the caller says', () => {
  const header = ['Authorization', 'Bearer abc']
  expect(() => read(...header, ...header)).toThrow(InvalidRequestError)
})
