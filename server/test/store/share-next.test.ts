import { expect, test } from 'vitest'
import { shareNext } from '../../src/store/share-next.ts'

/** Reads that end when they are told to. */
function start() {
  const ends: ((error?: Error) => void)[] = []
  const read = shareNext(
    () =>
      new Promise<number>((resolve, reject) => {
        const number = ends.length + 1
        ends.push((error) => (error ? reject(error) : resolve(number)))
      }),
  )
  return { read, ends }
}

test('who asks while a read runs shares the next one, which begins after they asked', async () => {
  const { read, ends } = start()
  const [first, second, third] = [read(), read(), read()]
  expect(ends).toHaveLength(1)
  ends[0]?.()
  expect(await first).toBe(1)
  await expect.poll(() => ends.length).toBe(2)
  ends[1]?.()
  expect(await Promise.all([second, third])).toEqual([2, 2])
})

test('a read that fails is the failure of those who share it only', async () => {
  const { read, ends } = start()
  const [first, second] = [read(), read()]
  ends[0]?.(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect.poll(() => ends.length).toBe(2)
  ends[1]?.()
  expect(await second).toBe(2)
  const later = read()
  ends[2]?.()
  expect(await later).toBe(3)
})
