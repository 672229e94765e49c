import { beforeEach, expect, test, vi } from 'vitest'
import { createWaitingRoom } from '../src/waiting-room.ts'
import { pass, stopClock } from './support/broker.ts'

beforeEach(stopClock)

test('all that wait get the value, and nothing is left behind', async () => {
  const room = createWaitingRoom<string>()
  const { signal } = new AbortController()
  const removed = vi.spyOn(signal, 'removeEventListener')
  const all = Promise.all([room.wait(1000, () => 'late'), room.wait(1000, () => 'late', signal)])
  expect(room.size).toBe(2)
  room.resolve('value')
  expect(await all).toEqual(['value', 'value'])
  expect(room.size).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
  expect(removed).toHaveBeenCalledWith('abort', expect.any(Function))
})

test('all that wait get the error, and without any there is no unhandled rejection', async () => {
  const room = createWaitingRoom<string>()
  const waiting = expect(room.wait(1000, () => 'late')).rejects.toThrow('over')
  room.reject(new Error('over'))
  await waiting
  room.reject(new Error('over'))
})

test('at its limit a caller gets what onLimit returns, and the others go on waiting', async () => {
  const room = createWaitingRoom<string>()
  const short = room.wait(1000, () => 'late')
  const long = room.wait(2000, () => Promise.reject(new Error('too late')))
  await pass(1000)
  expect(await short).toBe('late')
  expect(room.size).toBe(1)
  const failed = expect(long).rejects.toThrow('too late')
  await pass(1000)
  await failed
})

test('a signal detaches its caller only, at once if it has been aborted before', async () => {
  const room = createWaitingRoom<string>()
  const abort = new AbortController()
  const reason = new Error('mine')
  const one = expect(room.wait(1000, () => 'late', abort.signal)).rejects.toBe(reason)
  const other = room.wait(1000, () => 'late')
  abort.abort(reason)
  await one
  await expect(room.wait(1000, () => 'late', abort.signal)).rejects.toBe(reason)
  expect(room.size).toBe(1)
  room.resolve('value')
  expect(await other).toBe('value')
})

test('an onLimit that aborts the signal leaves the reason to the signal', async () => {
  const room = createWaitingRoom<string>()
  const abort = new AbortController()
  const reason = new Error('timeout')
  const onLimit = () => abort.abort(reason) as undefined
  const waiting = expect(room.wait(1000, onLimit, abort.signal)).rejects.toBe(reason)
  await pass(1000)
  await waiting
})
