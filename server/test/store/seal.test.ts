import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  findSealingKeyId,
  isSealed,
  openValue,
  type SealedPlace,
  sealValue,
} from '../../src/store/seal.ts'
import { makeSealingKey } from '../support/sealing-keys.ts'

const [KEY, OTHER] = [makeSealingKey(1), makeSealingKey(2)]
const PLACE = { table: 'signing_key', column: 'private_jwk', id: 'abc' }
const place = fc.record({ table: fc.string(), column: fc.string(), id: fc.string() })
const plainText = fc.string({ unit: 'binary' })

test('what was sealed opens at its place, with any list that has the key', () => {
  fc.assert(
    fc.property(place, plainText, (where, plain) => {
      const sealed = sealValue(KEY, where, plain)
      expect(isSealed(sealed)).toBe(true)
      expect(findSealingKeyId(sealed)).toBe(KEY.id)
      expect(openValue([OTHER, KEY], where, sealed)).toBe(plain)
    }),
  )
})

test('with any character altered, nothing opens', () => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
  fc.assert(
    fc.property(plainText, fc.nat(), fc.constantFrom(...digits), (plain, at, digit) => {
      const sealed = sealValue(KEY, PLACE, plain)
      const index = at % sealed.length
      fc.pre(sealed[index] !== digit)
      const altered = sealed.slice(0, index) + digit + sealed.slice(index + 1)
      expect(openValue([KEY, OTHER], PLACE, altered)).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

test('each byte of one sealed value counts', () => {
  const sealed = sealValue(KEY, PLACE, '{"kty":"RSA"}')
  for (let index = 0; index < sealed.length; index++)
    for (const digit of ['A', 'B', '0', '.']) {
      if (sealed[index] === digit) continue
      const altered = sealed.slice(0, index) + digit + sealed.slice(index + 1)
      expect(openValue([KEY], PLACE, altered), `character ${index}`).toBeUndefined()
    }
})

test('nothing opens at another place', () => {
  fc.assert(
    fc.property(place, place, plainText, (from, to, plain) => {
      fc.pre(JSON.stringify(from) !== JSON.stringify(to))
      expect(openValue([KEY], to, sealValue(KEY, from, plain))).toBeUndefined()
    }),
  )
})

test('nothing opens with another key', () => {
  fc.assert(
    fc.property(place, plainText, (where, plain) => {
      expect(openValue([OTHER], where, sealValue(KEY, where, plain))).toBeUndefined()
      expect(openValue([], where, sealValue(KEY, where, plain))).toBeUndefined()
    }),
  )
})

test('two values that are alike are sealed differently', () => {
  const sealed = Array.from({ length: 100 }, () => sealValue(KEY, PLACE, 'secret'))
  expect(new Set(sealed).size).toBe(100)
})

describe('refused at the same key', () => {
  const sealed = sealValue(KEY, PLACE, 'secret')
  const text = sealed.slice(sealed.lastIndexOf('.') + 1)
  const rename = (changes: Partial<SealedPlace>) => ({ ...PLACE, ...changes })
  test.each<readonly [string, SealedPlace, string]>([
    ['another row', rename({ id: 'abd' }), sealed],
    ['another column', rename({ column: 'secret' }), sealed],
    ['another table', rename({ table: 'secret_key' }), sealed],
    ['parts moved within the place', { table: 'signing', column: 'keyprivate', id: 'abc' }, sealed],
    ['a plain value', PLACE, '{"kty":"RSA"}'],
    ['an empty value', PLACE, ''],
    ['the prefix alone', PLACE, 'sealed1.'],
    ['no ciphertext', PLACE, `sealed1.${KEY.id}.`],
    ['fewer bytes than nonce and tag', PLACE, `sealed1.${KEY.id}.AAAA`],
    ['a later format', PLACE, sealed.replace('sealed1', 'sealed2')],
    ['the id of another key', PLACE, `sealed1.${OTHER.id}.${text}`],
    ['padding', PLACE, `${sealed}=`],
    ['white space', PLACE, ` ${sealed}`],
    ['a line end', PLACE, `${sealed}\n`],
    ['cut off', PLACE, sealed.slice(0, -2)],
  ])('%s', (_name, where, value) => {
    expect(openValue([KEY, OTHER], where, value)).toBeUndefined()
  })

  test('a value that was sealed without its place', () => {
    const nonce = Buffer.alloc(12)
    const cipher = createCipheriv('aes-256-gcm', KEY.key, nonce)
    const body = Buffer.concat([nonce, cipher.update('x'), cipher.final(), cipher.getAuthTag()])
    const value = `sealed1.${KEY.id}.${body.toString('base64url')}`
    expect(openValue([KEY], PLACE, value)).toBeUndefined()
  })
})

test('a value that was sealed with the first release still opens', () => {
  const value = 'sealed1.9b4c6375827303fa.s5dzqxyfcwH7CmGy_iQrTQWOfmWOmNnYqwXPN2X6_PgbUUiDskNJJgI'
  expect(openValue([KEY], PLACE, value)).toBe('{"kty":"RSA"}')
})
