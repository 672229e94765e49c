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

test('a read that fails is the failure of all who wait, and of nobody later', async () => {
  const { read, ends } = start()
  const asked = [read(), read(), read()]
  ends[0]?.(new Error('away'))
  for (const each of asked) await expect(each).rejects.toThrow('away')
  expect(ends).toHaveLength(1)
  const later = read()
  ends[1]?.()
  expect(await later).toBe(2)
})
