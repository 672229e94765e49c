import { expect, test } from 'vitest'
import { StoreBusyError, StoreUnavailableError } from '../../src/store/errors.ts'
import { rememberForOutages } from '../../src/store/outage-memory.ts'

/** An answer that can be changed, kept back or replaced by an outage. */
function start(knownFor: number) {
  let answer: () => Promise<string> = async () => 'yes'
  const find = rememberForOutages({ knownFor }, () => answer())
  return {
    find,
    answer: (next: () => Promise<string>) => {
      answer = next
    },
  }
}

const away = () => Promise.reject(new StoreUnavailableError())

test('an outage is answered by what was known, and a database that answers by what it says', async () => {
  const { find, answer } = start(10_000)
  expect(await find('a')).toBe('yes')
  answer(away)
  expect(await find('a')).toBe('yes')
  answer(async () => 'no')
  expect(await find('a')).toBe('no')
  answer(away)
  expect(await find('a')).toBe('no')
})

test('a database that hangs does not make what was known wait', async () => {
  const { find, answer } = start(10_000)
  await find('a')
  answer(() => new Promise(() => undefined))
  expect(await find('a')).toBe('yes')
})

test('a database that is merely busy is no outage: what is revoked meanwhile must not count for 10 s', async () => {
  const { find, answer } = start(10_000)
  await find('a')
  answer(() => Promise.reject(new StoreBusyError()))
  await expect(find('a')).rejects.toThrow(StoreBusyError)
})

test.each([
  ['what was never asked', 10_000, 'b', away],
  ['what was known too long ago', 0.001, 'a', away],
  ['what is kept in a file', 0, 'a', away],
  ['what fails for another reason', 10_000, 'a', () => Promise.reject(new TypeError('a fault'))],
])('%s is an error', async (_, knownFor, key, fail) => {
  const { find, answer } = start(knownFor)
  await find('a')
  answer(fail)
  await expect(find(key)).rejects.toThrow()
})
