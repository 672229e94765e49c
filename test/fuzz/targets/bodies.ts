import { Readable } from 'node:stream'
import type { Request } from 'express'
import fc from 'fast-check'
import { expect } from 'vitest'
import { BrokerError } from '../../../server/src/errors.ts'
import { readFormBody } from '../../../server/src/http/form-body.ts'
import { readJsonBody } from '../../../server/src/http/json-body.ts'
import { FRAGMENTS } from '../mutants.ts'
import type { Target } from '../target.ts'

interface Input {
  /** Latin-1: one character for each byte. */
  readonly bytes: string
  /** Where the body is cut into pieces. */
  readonly cut: number
}

/** The part of a request that bodies are read from. */
function toRequest({ bytes, cut }: Input, type: string): Request {
  const body = Buffer.from(bytes, 'latin1')
  const at = Math.min(Math.max(0, Math.trunc(cut)), body.length)
  const pieces = [body.subarray(0, at), body.subarray(at)].filter(({ length }) => length > 0)
  const headers = { 'content-type': type, 'content-length': String(body.length) }
  return Object.assign(Readable.from(pieces), { headers }) as unknown as Request
}

/** The text of a body, if it is UTF-8. */
function findText(bytes: string): string | undefined {
  const body = Buffer.from(bytes, 'latin1')
  return Buffer.from(body.toString()).equals(body) ? body.toString() : undefined
}

async function findRead<Body>(read: Promise<Body>): Promise<Body | undefined> {
  return read.catch((error: unknown) => {
    expect(error).toBeInstanceOf(BrokerError)
    return undefined
  })
}

const toBytes = (text: string) => Buffer.from(text).toString('latin1')
const withBytes = (text: fc.Arbitrary<string>) =>
  fc.record({
    bytes: fc.oneof(
      text.map(toBytes),
      fc.uint8Array().map((list) => Buffer.from(list).toString('latin1')),
    ),
    cut: fc.nat(40),
  })

/** The body is what `JSON.parse` makes of it, and only objects of at most 8 KiB are accepted. */
export const jsonBody: Target<Input> = {
  name: 'json-body',
  arbitrary: withBytes(
    fc.oneof(
      fc.json(),
      fc.object().map((value) => JSON.stringify(value)),
      fc.constantFrom(
        '\ufeff{}',
        '{"a":1,"a":2}',
        '{"__proto__":{"a":1}}',
        '{"a":1}x',
        '[]',
        '"a"',
      ),
      fc.nat(9_000).map((length) => JSON.stringify({ a: 'x'.repeat(length) })),
      fc.nat(9_000).map((depth) => '['.repeat(depth)),
    ),
  ),
  check: async (input) => {
    const body = await findRead(readJsonBody(toRequest(input, 'application/json')))
    // RFC 8259 §8.1: a parser may ignore a byte order mark.
    const expected = findObject(findText(input.bytes)?.replace(/^\ufeff/, ''))
    if (input.bytes === '') expect(body).toEqual({})
    else expect(body).toEqual(input.bytes.length > 8192 ? undefined : expected)
    return body !== undefined
  },
}

function findObject(text: string | undefined): object | undefined {
  try {
    const value = JSON.parse(text ?? '')
    return Object.prototype.toString.call(value) === '[object Object]' ? value : undefined
  } catch {
    return
  }
}

const pair = fc
  .array(fc.oneof(fc.constantFrom('grant_type', '=', '&', 'scope', ...FRAGMENTS), fc.string()), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''))

/** The form is what `URLSearchParams` makes of it; no name occurs twice in an accepted one. */
export const formBody: Target<Input> = {
  name: 'form-body',
  arbitrary: withBytes(fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join('&'))),
  check: async (input) => {
    const form = await findRead(readFormBody(toRequest(input, 'application/x-www-form-urlencoded')))
    const text = findText(input.bytes)
    const pairs = [...new URLSearchParams(`&${text ?? ''}`)]
    const isRepeated = new Set(pairs.map(([name]) => name)).size < pairs.length
    const isRefused = text === undefined || input.bytes.length > 8192 || isRepeated
    const expected = new Map(pairs.filter(([, value]) => value !== ''))
    expect(form).toEqual(isRefused ? undefined : expected)
    return form !== undefined && form.size > 0
  },
}
