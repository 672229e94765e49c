import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createMapboxCodec } from '../../../server/src/issuer/mapbox/codec.ts'
import type { Target } from '../target.ts'
import { isCanonicalText } from './compact-jws.ts'

interface Input {
  readonly usage: string
  /** The second part of the token. */
  readonly body: string
  /** Added to the signature, or in its place. */
  readonly tail: string
  readonly isSigned: boolean
}

const KEY = Buffer.alloc(32, 7)
const codec = createMapboxCodec({ all: [KEY], refresh: async () => undefined })
const sign = (text: string) =>
  createHmac('sha256', KEY).update(text).digest().subarray(0, 16).toString('base64url')

const member = fc.oneof(
  fc.string(),
  fc.constantFrom<unknown>(0, 1_800_000_000, 1e15, null, '', 'api', []),
)
const payload = fc.oneof(
  fc.record({ u: fc.constant('demo'), a: fc.constant('c1') }),
  fc.record({
    u: fc.constant('demo'),
    exp: fc.constant(1_800_000_000),
    iat: fc.constant(1_799_999_000),
    scopes: fc.array(fc.constantFrom('styles:read', 'tokens:write')),
    client: fc.constant('api'),
  }),
  fc.dictionary(fc.constantFrom('u', 'a', 'exp', 'iat', 'scopes', 'client', '__proto__'), member),
  fc.jsonValue(),
)

/** A token is genuine exactly if Node's own HMAC has the same text; its payload is what base64 says. */
export const mapboxToken: Target<Input> = {
  name: 'mapbox-token',
  arbitrary: fc.record({
    usage: fc.constantFrom('pk', 'sk', 'tk', 'pk', 'sk', 'tk', 'PK', 'xk', ''),
    body: fc.oneof(
      payload.map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
      fc.base64String(),
    ),
    tail: fc.constantFrom('', '', '', '=', 'A', '\n'),
    isSigned: fc.boolean(),
  }),
  check: ({ usage, body, tail, isSigned }) => {
    const signature = sign(isSigned ? `${usage}.${body}` : '') + tail
    const found = codec.read(`${usage}.${body}.${signature}`)
    if (!found) {
      expect(isPlain({ usage, body, tail })).toBe(false)
      return false
    }
    expect(found.isGenuine).toBe(isSigned && tail === '')
    expect(found.usage).toBe(usage)
    expect(isCanonicalText(body)).toBe(true)
    const text = Buffer.from(body, 'base64url').toString()
    // Unknown members are dropped.
    expect(JSON.parse(text)).toMatchObject(found.payload)
    return found.isGenuine
  },
}

function isPlain({ usage, body, tail }: Omit<Input, 'isSigned'>): boolean {
  if ((usage !== 'pk' && usage !== 'sk') || tail !== '' || !isCanonicalText(body)) return false
  try {
    const text = Buffer.from(body, 'base64url').toString()
    const { u, a } = JSON.parse(text)
    return (
      typeof u === 'string' && typeof a === 'string' && u !== '' && a !== '' && text.length < 2000
    )
  } catch {
    return false
  }
}
