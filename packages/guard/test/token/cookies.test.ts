import { expect, test } from 'vitest'
import { readCookies } from '../../src/token/cookies.ts'

const NAME = '__Host-tilepass'

test.each([
  [`${NAME}=a`, ['a']],
  [`x=1; ${NAME}=a=b=; y`, ['a=b=']],
  [`${NAME}=a;\t${NAME} = b `, ['a', 'b']],
  [`${NAME}=`, ['']],
])('%j has the values %j', (header, values) => {
  expect(readCookies([header], NAME)).toEqual(values)
})

test.each(['\u00a0', '\ufeff', '\u0085', '\u000b', '\u2028'])(
  'a cookie whose name begins or ends with %j has another name, which no prefix protects',
  (space) => {
    expect(readCookies([`${space}${NAME}=a; ${NAME}${space}=b`], NAME)).toEqual([])
  },
)

test('a cookie without a name does not count as one with an empty value', () => {
  expect(readCookies([`${NAME}; ${NAME}=a`, NAME], NAME)).toEqual(['a'])
})
