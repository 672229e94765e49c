import { expect, test } from 'vitest'
import { toRetryAfter } from '../src/errors.ts'

test.for([
  [0, '1'],
  [0.2, '1'],
  [1, '1'],
  [1.2, '2'],
  [86_400, '86400'],
] as const)(
  'Retry-After is in whole seconds, and never less than the wait of %d s',
  ([wait, header]) => {
    expect(toRetryAfter(wait)).toEqual({ 'Retry-After': header })
  },
)
