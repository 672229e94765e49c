import { expect, test } from 'vitest'
import { createSlots } from '../../src/store/slots.ts'

const create = (patience = 10_000) => createSlots(2, patience, () => new Error('too long'))

/** Notes in which order those who wait get a slot. */
function note(slots: ReturnType<typeof create>) {
  const entered: number[] = []
  const enter = (id: number) =>
    slots.enter().then(
      () => void entered.push(id),
      (error: Error) => error.message,
    )
  return { entered, enter }
}

test('only so many enter at the same time, the others in their order', async () => {
  const slots = create()
  const { entered, enter } = note(slots)
  const all = [1, 2, 3, 4].map(enter)
  await Promise.all(all.slice(0, 2))
  expect(entered).toEqual([1, 2])
  slots.leave()
  await all[2]
  expect(entered).toEqual([1, 2, 3])
  slots.leave()
  await all[3]
  expect(entered).toEqual([1, 2, 3, 4])
})

test('a failure ends the wait of all, and the slots stay', async () => {
  const slots = create()
  const { enter } = note(slots)
  await Promise.all([enter(1), enter(2)])
  const waiting = [enter(3), enter(4)]
  slots.fail(new Error('away'))
  expect(await Promise.all(waiting)).toEqual(['away', 'away'])
  slots.leave()
  expect(await enter(5)).toBeUndefined()
})

test('nobody waits for longer than the patience', async () => {
  const slots = create(5)
  const { enter } = note(slots)
  await Promise.all([enter(1), enter(2)])
  expect(await enter(3)).toBe('too long')
})
