import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAllowedHeaders } from '../../src/http/allowed-headers.ts'

const ALWAYS = 'Authorization, Range'
const added = (requested: string | undefined) =>
  formatAllowedHeaders(requested, ALWAYS).slice(ALWAYS.length).split(', ').slice(1)

describe('a preflight may ask for', () => {
  test.each([
    [undefined, []],
    ['', []],
    ['authorization,range', []],
    ['baggage,sentry-trace,traceparent', ['baggage', 'sentry-trace', 'traceparent']],
    [' X-B3-TraceId ,\tb3', ['x-b3-traceid', 'b3']],
    ['a,a,A', ['a']],
    ['a,,b', ['a', 'b']],
    ['*', []],
    ['x y', []],
    ['é', []],
    ['a\r\nset-cookie: x', []],
    ['a:b;c="d"', []],
  ])('%j', (requested, names) => {
    expect(added(requested)).toEqual(names)
  })

  test.each([
    'forwarded',
    'X-Forwarded-For',
    'x-forwarded-host',
    'x_forwarded_for',
    'x-real-ip',
    'X_Real-IP',
    'x-original-uri',
    'x-original-url',
    'x-tilepass-subject',
    'x_tilepass_subject',
    'x-http-method-override',
  ])('no header that a proxy sets: %s', (name) => {
    expect(added(`baggage,${name}`)).toEqual(['baggage'])
  })

  test('32 headers at most, and 1 KiB of names', () => {
    const names = Array.from({ length: 40 }, (_, index) => `h${index}`)
    expect(added(names.join(','))).toEqual(names.slice(0, 32))
    const long = Array.from({ length: 8 }, (_, index) => `h${index}${'x'.repeat(200)}`)
    expect(added(long.join(',')).join().length).toBeLessThanOrEqual(1024)
    expect(added('x'.repeat(1e6))).toEqual([])
  })
})

test('whatever is asked for, only names that were asked for are added, in one line', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3_000, unit: 'binary' }), (requested) => {
      const asked = requested.split(',').map((name) => name.trim().toLowerCase())
      expect(formatAllowedHeaders(requested, ALWAYS)).toMatch(/^[\w, -]+$/)
      for (const name of added(requested)) expect(asked).toContain(name)
    }),
  )
})
