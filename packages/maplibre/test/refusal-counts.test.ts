import { beforeEach, expect, test, vi } from 'vitest'
import { createRefusalCounts, type RefusalCounts } from '../src/refusal-counts.ts'

const map = {}
let source: { tiles?: string[] }
let counts: RefusalCounts
let chances: number

beforeEach(() => {
  source = { tiles: ['https://tiles.example/{z}/{x}/{y}.png'] }
  chances = 0
  counts = createRefusalCounts(() => {
    chances += 1
  })
  return () => {
    vi.restoreAllMocks()
  }
})

/** A tile that MapLibre requested with the present token. */
const refuse = (tile: object, departedAt = performance.now()) =>
  counts.refuse(source, tile, departedAt, undefined)
/** What a tile that is requested at once gives: its token is rejected. */
const REJECTED = [0, false, true]
const REPLACED = [0, false, false]

test('waiting requests have a chance at each renewal, and at the first private tile after it', () => {
  counts.renew()
  expect(chances).toBe(1)
  counts.serve({}, source, false)
  counts.serve({}, {}, false)
  expect(chances).toBe(1)
  counts.serve({}, source, true)
  counts.serve({}, source, true)
  expect(chances).toBe(2)
  counts.renew()
  counts.serve({}, source, true)
  expect(chances).toBe(4)
})

test('many tiles refused in one round count as one refusal of their source', () => {
  for (let round = 0; round < 5; round += 1) {
    for (let n = 0; n < 20; n += 1) expect(refuse({})).toEqual(REJECTED)
    counts.renew()
  }
  expect(refuse({})).toEqual([1, true])
})

test('a tile that comes clears the count of its source, but not that of another tile', () => {
  const bad = {}
  for (let round = 0; round < 2; round += 1) {
    counts.serve({}, source, true)
    expect(refuse(bad)).toEqual(REJECTED)
    counts.renew()
  }
  counts.serve({}, source, true)
  expect(refuse({})).toEqual(REJECTED)
  expect(refuse(bad)).toEqual([1, true])
  counts.serve(bad, source, true)
  expect(refuse(bad)).toEqual(REJECTED)
})

test('a request that departed before the last renewal, or before another tile came, blames no token', () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000)
  counts.renew()
  expect(refuse({}, 999)).toEqual(REPLACED)
  expect(refuse({}, 1000)).toEqual(REJECTED)
  now.mockReturnValue(2000)
  counts.serve({}, source, true)
  expect(refuse({}, 1999)).toEqual(REPLACED)
  for (let n = 0; n < 10; n += 1) expect(refuse({}, 2000)).toEqual(REJECTED)
})

test('a request for which no token came waits for the next, without a report', () => {
  for (let round = 0; round < 10; round += 1) {
    expect(counts.refuse(map, undefined, undefined, true)).toEqual([1, false])
    expect(counts.refuse(source, {}, undefined, true)).toEqual([1, false])
    counts.renew()
  }
})

test('a resource is counted by its source, and forgotten long after its last refusal', () => {
  const waits: number[] = []
  for (let round = 0; round < 4; round += 1) {
    counts.serve({}, { tiles: [] }, true)
    counts.serve({}, { tiles: ['another'] }, true)
    waits.push(counts.refuse(source, undefined, undefined, undefined)[0])
    counts.renew()
  }
  expect(waits).toEqual([1, 1, 3, 5])
  for (let round = 0; round < 2 ** 4 + 3; round += 1) counts.renew()
  expect(counts.refuse(source, undefined, undefined, undefined)).toEqual([1, false])
})
