import fc from 'fast-check'
import { expect } from 'vitest'
import {
  ForwardedRequestError,
  readForwardedRequest,
  UnsafePathError,
} from '../../../packages/guard/src/node/forwarded-request.ts'
import { findParsed, type Target } from '../target.ts'

/** Headers, each as its name and its value. */
type Input = readonly { readonly name: string; readonly value: string }[]

const NAMES = ['X-Original-URI', 'X-Forwarded-Uri', 'X-Original-Method', 'x-forwarded-method']
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom('X-Original-Url', 'Host', 'X_Original_URI'),
)
const value = fc.constantFrom(
  '/a/b',
  '/a/b?token=1&x=2',
  '/a/../b',
  'GET',
  'HEAD',
  'GET, GET',
  '',
  '/a/b, /c',
)
const uris = { name: fc.constantFrom(...NAMES.slice(0, 2)), value: fc.constant('/a/b?token=1') }
const methods = { name: fc.constantFrom(...NAMES.slice(2)), value: fc.constant('GET') }

/** By the headers of the platform there is one URI and one method, and these are what is read. */
export const forwardedRequest: Target<Input> = {
  name: 'forwarded-request',
  arbitrary: fc
    .tuple(
      fc.array(fc.record(uris), { maxLength: 2 }),
      fc.array(fc.record(methods), { maxLength: 2 }),
      fc.array(fc.record({ name, value }), { maxLength: 2 }),
    )
    .map((groups) => groups.flat()),
  check: (input) => {
    // What Node hands on has the form of a header, and no white space around its value.
    if (!input.every(isHeader)) return false
    const rawHeaders = input.flatMap(({ name, value }) => [name, value])
    const found = findParsed(
      () => readForwardedRequest({ rawHeaders }, 'token'),
      ForwardedRequestError,
      UnsafePathError,
    )
    const headers = new Headers()
    for (const { name, value } of input) headers.append(name, value)
    const get = (name: string) => headers.get(name) ?? undefined
    const [uri, otherUri] = NAMES.slice(0, 2).map(get)
    const [method, otherMethod] = NAMES.slice(2).map(get)
    if (!found) {
      const isAgreed = (uri ?? otherUri) === '/a/b' && (method ?? otherMethod) === 'GET'
      const isContradicted = (otherUri ?? '/a/b') !== '/a/b' || (otherMethod ?? 'GET') !== 'GET'
      expect(isAgreed && !isContradicted).toBe(false)
      return false
    }
    // A repeated header would be joined with a comma.
    for (const text of [uri, otherUri]) if (text !== undefined) expect(text).toBe(found.uri)
    for (const text of [method, otherMethod])
      if (text !== undefined) expect(text).toBe(found.method)
    expect(new URL(found.uri, 'http://host').pathname).toBe(found.target.rawPath)
    expect(new URLSearchParams(`&${found.target.query}`).has('token')).toBe(false)
    return true
  },
}

function isHeader({ name, value }: Input[number]): boolean {
  const isValue = /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && isValue && value === value.trim()
}
