import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMapboxCodec } from '../../../src/issuer/mapbox/codec.ts'

const keysOf = (byte: number) => ({
  all: [new Uint8Array(32).fill(byte)],
  refresh: async () => undefined,
})
const codec = createMapboxCodec(keysOf(7))

describe('the Mapbox codec', () => {
  test('whatever the name, the payload is ASCII in an alphabet that both kinds of base64 share', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ minLength: 1 }),
        (u, a) => {
          const token = codec.writeReference('pk', { u, a })
          expect(token).toMatch(/^pk\.[A-Za-z0-9]+\.[A-Za-z0-9_-]{22}$/)
          const text = atob(token.split('.')[1] ?? '')
          expect(text).toMatch(/^[\x20-\x7d]+$/)
          expect(JSON.parse(text)).toEqual({ u, a })
          expect(codec.read(token)).toEqual({ usage: 'pk', payload: { u, a }, isGenuine: true })
        },
      ),
    )
  })

  test('one token has one spelling: with another last character it is not genuine', () => {
    const token = codec.writeReference('sk', { u: 'demo', a: 'c1' })
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const genuine = [...alphabet].filter((last) => codec.read(token.slice(0, -1) + last)?.isGenuine)
    expect(genuine).toEqual([token.slice(-1)])
  })

  test('a token of another key or kind is not genuine', () => {
    const other = createMapboxCodec(keysOf(8))
    const token = codec.writeReference('sk', { u: 'demo', a: 'c1' })
    expect(other.read(token)?.isGenuine).toBe(false)
    expect(codec.read(`pk${token.slice(2)}`)?.isGenuine).toBe(false)
  })

  test('a temporary token that lasts more than an hour or ends before it begins has no valid form', () => {
    const read = (iat: number, exp: number) => {
      const payload = { u: 'demo', iat, exp, scopes: [], client: 'api' } as const
      return codec.read(codec.writeTemporary(payload))?.isGenuine
    }
    expect([read(0, 1), read(1000, 4600), read(1000, 4610)]).toEqual([true, true, true])
    for (const [iat, exp] of [
      [1000, 4612],
      [1000, 1000],
      [1000, 999],
      [0, 253_402_300_799],
      [1000.5, 1001],
    ] as const)
      expect(read(iat, exp)).toBeUndefined()
  })

  test('a temporary token is read back with its parent and organisation', () => {
    const origin = { a: 'cl1', o: 'org_1' }
    const payload = { u: 'demo', iat: 0, exp: 1, scopes: [], client: 'api', ...origin } as const
    expect(codec.read(codec.writeTemporary(payload))?.payload).toEqual(payload)
  })

  test('the newest key signs, and every key verifies', () => {
    const both = createMapboxCodec({ ...keysOf(8), all: [...keysOf(8).all, ...keysOf(7).all] })
    const reference = { u: 'demo', a: 'c1' }
    const [old, fresh] = [codec, both].map((each) => each.writeReference('sk', reference))
    expect(both.read(String(old))?.isGenuine).toBe(true)
    expect(both.read(String(fresh))?.isGenuine).toBe(true)
    expect(codec.read(String(fresh))?.isGenuine).toBe(false)
  })

  test('any text is read without an error', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('pk', 'sk', 'tk'), (json, usage) => {
        const body = Buffer.from(json).toString('base64url')
        expect(codec.read(`${usage}.${body}.${'A'.repeat(22)}`)?.isGenuine ?? false).toBe(false)
      }),
    )
  })
})
