import { describe, expect, test } from 'vitest'
import { InvalidRequestError } from '../../src/errors.ts'
import { findParameter, readQuery } from '../../src/http/query.ts'

describe('a query parameter', () => {
  test.each([
    ['/x', undefined],
    ['/x?', undefined],
    ['/x?b=1', undefined],
    ['/x?a', ''],
    ['/x?a=', ''],
    ['/x?b=1&a=%3F+1?', '? 1?'],
  ])('of %s is %j', (url, value) => {
    expect(findParameter(readQuery({ url }), 'a')).toBe(value)
  })

  test('is refused if it is repeated, with the error of the caller', () => {
    const query = readQuery({ url: '/x?a=1&a=1' })
    expect(() => findParameter(query, 'a')).toThrow(InvalidRequestError)
    expect(() => findParameter(query, 'a', (name) => new RangeError(`two ${name}`))).toThrow(
      new RangeError('two a'),
    )
  })
})
