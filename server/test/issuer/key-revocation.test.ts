import { toKeyRevocationId, toRevocationKey } from '@tilepass/guard/broker'
import { expect, test } from 'vitest'
import { startBroker } from '../support/broker-under-test.ts'

const DAY = 86_400_000

test('a revoked key stays on the list for as long as a guard may know it, also one that was about to end', async () => {
  const { cli, clock, url } = await startBroker()
  const [first] = JSON.parse((await cli('key', 'list', '--json')).out)
  await cli('key', 'rotate')
  // It signs for an hour more, and its last token expires a day later.
  clock.now += DAY + 3_600_000 + 30_000
  expect((await cli('key', 'revoke', first.kid)).code).toBe(0)
  const key = await toRevocationKey(toKeyRevocationId(first.kid))
  const isListed = async () =>
    (await (await fetch(`${url}/.well-known/revocations.json`)).json()).revoked.includes(key)
  await expect.poll(isListed).toBe(true)
  // A guard that reaches the list and not the key set keeps its keys for a day.
  clock.now += DAY - 60_000
  expect(await isListed()).toBe(true)
})
