import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createSealingKeyText, findSealingKeys } from '../../src/store/sealing-key.ts'
import { makeKeyText, makeSealingKey } from '../support/sealing-keys.ts'

const [ONE, TWO] = [makeKeyText(1), makeKeyText(2)]
const ids = (text: string) => findSealingKeys(text)?.map(({ id }) => id)
const [ID_ONE, ID_TWO] = [makeSealingKey(1).id, makeSealingKey(2).id]

test('a new key is 32 bytes in base64url, and another one each time', () => {
  const keys = Array.from({ length: 200 }, createSealingKeyText)
  for (const key of keys) {
    expect(key).toMatch(/^[\w-]{43}$/)
    expect(Buffer.from(key, 'base64url')).toHaveLength(32)
    expect(findSealingKeys(key)).toHaveLength(1)
  }
  expect(new Set(keys).size).toBe(200)
})

test.each([
  ['one', ONE, [ID_ONE]],
  ['the line of a file', `${ONE}\n`, [ID_ONE]],
  ['a comma', `${ONE},${TWO}`, [ID_ONE, ID_TWO]],
  ['a comma and a space', `${TWO}, ${ONE}`, [ID_TWO, ID_ONE]],
  ['lines', `${ONE}\r\n${TWO}\r\n`, [ID_ONE, ID_TWO]],
  ['one twice', `${ONE} ${ONE}`, [ID_ONE]],
])('keys in their order: %s', (_name, text, expected) => {
  expect(ids(text)).toEqual(expected)
})

test.each([
  ['nothing', ''],
  ['white space', ' \n'],
  ['a passphrase', 'correct-horse-battery-staple'],
  ['a passphrase of several words', 'correct horse battery staple'],
  ['a letter as often as a key is long', 'a'.repeat(43)],
  ['a passphrase as long as a key', 'correct-horse-battery-staple-0123456789-abc'],
  ['hex digits', Buffer.from(ONE, 'base64url').toString('hex')],
  ['padding', `${ONE}=`],
  ['base64 with + and /', `${'+/'.repeat(21)}A`],
  ['one digit less', ONE.slice(1)],
  ['one digit more', `A${ONE}`],
  ['another spelling of a key, whose unused bits are set', `${ONE.slice(0, -1)}_`],
  ['zeros', 'A'.repeat(43)],
  ['a key and something else', `${ONE},changeme`],
])('refused: %s', (_name, text) => {
  expect(findSealingKeys(text)).toBeUndefined()
})

describe('the id of a key', () => {
  test('is 16 hex digits that say nothing about the key', () => {
    expect(ID_ONE).toMatch(/^[0-9a-f]{16}$/)
    expect(ID_ONE).not.toBe(ID_TWO)
    expect(Buffer.from(ONE, 'base64url').toString('hex')).not.toContain(ID_ONE.slice(0, 8))
  })

  test('is all that a printed key shows', () => {
    const key = makeSealingKey(1)
    for (const text of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key)]) {
      expect(text).toContain(ID_ONE)
      expect(text).not.toContain(ONE.slice(0, 8))
      expect(text).not.toContain(Buffer.from(ONE, 'base64url').toString('hex').slice(0, 8))
    }
  })
})
