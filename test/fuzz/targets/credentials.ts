import { parse } from 'cookie'
import fc from 'fast-check'
import { expect } from 'vitest'
import { AmbiguousCredentialsError, AuthRequiredError } from '../../../packages/guard/src/errors.ts'
import { readCredential } from '../../../packages/guard/src/http/credentials.ts'
import { FRAGMENTS } from '../mutants.ts'
import { findParsed, type Target } from '../target.ts'

interface Input {
  /** Values of `Authorization` headers. */
  readonly authorization: readonly string[]
  /** Values of the cookie. */
  readonly cookies: readonly string[]
  readonly url: string
}

const token = fc.oneof(
  fc.constantFrom('a.b.c', '', 'Bearer a.b.c', 'bearer  a', 'Basic YQ==', 'Bearer a,b', 'Bearer'),
  fc.constantFrom(...FRAGMENTS),
)
const scheme = fc.constantFrom('Bearer ', 'BEARER  ', 'Bearer', 'Basic ', '')
const values = (arbitrary: fc.Arbitrary<string>) => fc.array(arbitrary, { maxLength: 2 })
/** RFC 6265 §4.1.1, without the separators. */
const cookieValue = token.map((text) => text.replace(/[^\x21-\x7e]|[",;\\]/g, ''))

/** One credential, counted by the parser of the platform, is read; several are refused. */
export const credentials: Target<Input> = {
  name: 'credentials',
  arbitrary: fc.record({
    authorization: values(fc.tuple(scheme, token).map((parts) => parts.join(''))),
    cookies: values(cookieValue),
    url: values(token).map((list) => `/a?${list.map((text) => `&token=${text}`).join('')}`),
  }),
  check: ({ authorization, cookies, url }) => {
    const rawHeaders = [
      ...authorization.flatMap((value, index) => [
        index ? 'AUTHORIZATION' : 'Authorization',
        value,
      ]),
      ...cookies.flatMap((value) => ['Cookie', `x=1; tp=${value}; y=token`]),
    ]
    const read = () => readCredential({ rawHeaders, url }, { query: 'token', cookie: 'tp' })
    const start = url.indexOf('?')
    const inQuery = new URLSearchParams(start < 0 ? '' : `&${url.slice(start + 1)}`).getAll('token')
    const inCookies = cookies.flatMap((value) =>
      `x=1; tp=${value}; y=token`.split(';').flatMap((pair) => {
        const { tp } = parse(pair, { decode: (text) => text })
        return tp === undefined ? [] : [tp]
      }),
    )
    const places = Math.min(authorization.length, 1) + inQuery.length + inCookies.length
    if (places > 1) {
      expect(read).toThrow(AmbiguousCredentialsError)
      return false
    }
    // Several headers are what a proxy makes of them: one.
    const header = authorization.join(', ')
    const found = header.includes(',')
      ? findParsed(read, AuthRequiredError, AmbiguousCredentialsError)
      : findParsed(read, AuthRequiredError)
    // RFC 6750 §2.1: `b64token`.
    const plain = /^Bearer ([\w.~+/-]+=*)$/.exec(header)?.[1]
    if (plain !== undefined) expect(found).toBe(plain)
    if (found === undefined) {
      expect([...inQuery, ...inCookies].join('')).toBe('')
      return false
    }
    if (authorization.length > 0) {
      expect(header.endsWith(` ${found}`)).toBe(true)
      expect(header.slice(0, -found.length).trim().toLowerCase()).toBe('bearer')
    } else expect([...inQuery, ...inCookies]).toEqual([found])
    return true
  },
}
