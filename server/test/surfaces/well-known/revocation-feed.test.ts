import { expect, onTestFinished, test, vi } from 'vitest'
import { applyChange } from '../../../src/store/changes.ts'
import type { Store } from '../../../src/store/open.ts'
import { createRevocations } from '../../../src/store/revocations.ts'
import { createRevocationFeed } from '../../../src/surfaces/well-known/revocation-feed.ts'
import { openTestStore } from '../../support/store-under-test.ts'

const HOUR = 3_600_000
/** More than what is listed after a cursor, and what a cursor repeats. */
const MANY = 1_500

async function revoke(store: Store, count: number, prefix: string) {
  await applyChange(store, async (change) => {
    for (let index = 0; index < count; index++)
      await change.revoke(`${prefix}${index}`, { at: 0, expiresAt: HOUR, orgId: 'org_1' })
  })
}

async function start() {
  const store = await openTestStore()
  let now = 0
  const revocations = createRevocations(store, () => now)
  const feed = createRevocationFeed(revocations)
  const read = (since?: string) => {
    now += 300
    return feed.read(since)
  }
  const parse = (body: Buffer): { since?: string; cursor: string; revoked: string[] } =>
    JSON.parse(body.toString())
  return { store, revocations, read, parse }
}

test('after an old cursor comes the whole document, which no request makes anew', async () => {
  const { store, read, parse } = await start()
  await revoke(store, 10, 'a')
  const old = parse((await read()).body).cursor
  await revoke(store, MANY, 'b')
  const [first, second, whole] = [await read(old), await read(old), await read()]
  expect(first.body).toBe(whole.body)
  expect(second.body).toBe(whole.body)
  expect(parse(first.body).since).toBeUndefined()
  expect(parse(first.body).revoked).toHaveLength(10 + MANY)
})

test('after a cursor that is not old comes what is new, however long the list is', async () => {
  const { store, read, parse } = await start()
  await revoke(store, MANY, 'a')
  const { cursor } = parse((await read()).body)
  await revoke(store, 700, 'b')
  const { since, revoked } = parse((await read(cursor)).body)
  const { revoked: all } = parse((await read()).body)
  expect(since).toBe(cursor)
  expect(revoked).toEqual(all.slice(-800))
})

test('the whole document is made when one is asked for, not at each change', async () => {
  const { store, read, parse } = await start()
  await revoke(store, MANY, 'a')
  let { cursor } = parse((await read()).body)
  const write = vi.spyOn(JSON, 'stringify')
  onTestFinished(() => write.mockRestore())
  const countLong = () => write.mock.calls.filter(([{ revoked }]) => revoked?.length >= MANY).length
  for (const prefix of ['b', 'c', 'd']) {
    await revoke(store, 1, prefix)
    const answer = parse((await read(cursor)).body)
    expect(answer.since).toBe(cursor)
    cursor = answer.cursor
  }
  expect(countLong()).toBe(0)
  expect(parse((await read()).body).revoked).toHaveLength(MANY + 3)
  await read()
  expect(countLong()).toBe(1)
})

test('the keys of many revocations are made without waiting for each', async () => {
  const { store, read } = await start()
  await revoke(store, MANY, 'a')
  const digest = vi.spyOn(crypto.subtle, 'digest')
  onTestFinished(() => digest.mockRestore())
  await read()
  expect(digest).not.toHaveBeenCalled()
})

test('what the process checks tokens with is the list that guards read: it is read from the store once', async () => {
  const { store, revocations, read, parse } = await start()
  await revoke(store, 10, 'a')
  const query = vi.spyOn(store.watching.db, 'selectFrom')
  onTestFinished(() => query.mockRestore())
  expect(parse((await read()).body).revoked).toHaveLength(10)
  expect(revocations.peek({ sub: 'a1', iat: 0 })).toBe(true)
  expect(query).toHaveBeenCalledTimes(1)
})

test('a revocation that was lifted and made again is listed once, in both documents', async () => {
  const { store, read, parse } = await start()
  await revoke(store, 2, 'a')
  const { cursor, revoked } = parse((await read()).body)
  await applyChange(store, (change) => change.lift('a0', 1))
  expect(parse((await read(cursor)).body)).toMatchObject({
    revoked: [revoked[1]],
    lifted: [revoked[0]],
  })
  await revoke(store, 1, 'a')
  expect(parse((await read(cursor)).body)).toMatchObject({
    revoked: [revoked[1], revoked[0]],
    lifted: [],
  })
  expect(parse((await read()).body).revoked).toEqual([revoked[1], revoked[0]])
})
