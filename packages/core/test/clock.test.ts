import { expect, test } from 'vitest'
import { elapsed } from '../src/clock.ts'

const start = { wall: 1_800_000_000_000, steady: 5000 }
const later = (wall: number, steady: number) =>
  elapsed(start, { wall: start.wall + wall, steady: start.steady + steady })

test.each([
  ['nothing happens', 1000, 1000, 1000],
  ['the machine sleeps and the steady clock stands still', 3_600_000, 1000, 3_600_000],
  ['the wall clock is set forward', 600_000, 1000, 600_000],
  ['the wall clock is slewed back a little', 500, 1000, 1000],
  ['the wall clock is set back', -600_000, 1000, Number.POSITIVE_INFINITY],
  ['the wall clock is set back and the machine sleeps', -1_000_000, 0, Number.POSITIVE_INFINITY],
])(
  'when %s, the result is never less than the time that has passed',
  (_, wall, steady, expected) => {
    expect(later(wall, steady)).toBe(expected)
  },
)
