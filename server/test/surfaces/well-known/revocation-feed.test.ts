import { expect, test } from 'vitest'
import { applyChange } from '../../../src/store/changes.ts'
import type { Store } from '../../../src/store/open.ts'
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
  const feed = createRevocationFeed(store, () => now)
  const read = (since?: string) => {
    now += 300
    return feed.read(since)
  }
  const parse = (body: Buffer): { since?: string; cursor: string; revoked: string[] } =>
    JSON.parse(body.toString())
  return { store, read, parse }
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
