import { expect, test } from 'vitest'
import { z } from 'zod'
import { delegate } from '../../src/settings/delegate.ts'

const schema = delegate<unknown, unknown>((input) =>
  typeof input === 'string' ? z.string().min(2) : z.strictObject({ a: z.string() }).transform(tag),
)

function tag(value: object) {
  return { ...value, kind: 'tagged' }
}

test('the chosen schema reports its own faults, with their paths', () => {
  expect(schema.safeParse('x').error?.issues).toMatchObject([
    { path: [], message: 'must not be empty' },
  ])
  const wrapped = z.object({ b: schema }).safeParse({ b: { a: 1 } })
  expect(wrapped.error?.issues).toMatchObject([{ path: ['b', 'a'], message: 'must be a string' }])
})

test('its own output passes again unchanged; a copy is input like any other', () => {
  const output = schema.parse({ a: 'x' })
  expect(output).toEqual({ a: 'x', kind: 'tagged' })
  expect(schema.parse(output)).toBe(output)
  expect(schema.safeParse({ ...Object(output) }).success).toBe(false)
})
