import { describe, expect, test } from 'vitest'
import { NOW, startBroker } from '../support/broker-under-test.ts'

const HOUR = 3_600_000

/** A broker whose trail has an entry of now and one of two hours later. */
async function start() {
  const running = await startBroker()
  const { cli, clock, createToken } = running
  await createToken()
  clock.now = NOW + 2 * HOUR
  await cli('account', 'create', 'city')
  const listActions = async (...args: string[]) =>
    JSON.parse((await cli('audit', '--json', ...args)).out).map(
      ({ action }: { action: string }) => action,
    )
  return { ...running, listActions }
}

describe('audit', () => {
  test('shows changes, and refuses an invalid limit', async () => {
    const { cli } = await start()
    expect((await cli('audit')).out).toMatch(
      /cli +token\.create +tok_[0-9a-f]{32} +account demo +1/,
    )
    expect(await cli('audit', '--limit', '0')).toMatchObject({ code: 2, out: '' })
  })

  test.each([
    [[], ['account.create', 'token.create', 'key.create']],
    [['--since', '1h'], ['account.create']],
    [
      ['--since', '120m'],
      ['account.create', 'token.create', 'key.create'],
    ],
    [
      ['--since', '7d'],
      ['account.create', 'token.create', 'key.create'],
    ],
    [['--since', new Date(NOW + HOUR).toISOString()], ['account.create']],
    [['--since', '2027-01-15T12:00+03:00'], ['account.create']],
    [['--since', '2027-01-16'], []],
    [['--actor', 'broker'], ['key.create']],
    [
      ['--actor', 'cli', '--since', '2h'],
      ['account.create', 'token.create'],
    ],
    [['--action', 'token.create'], ['token.create']],
    [['--action', 'account'], ['account.create']],
    [['--action', 'acc'], []],
  ])('%j finds %j', async (args, actions) => {
    const { listActions } = await start()
    expect(await listActions(...args)).toEqual(actions)
  })

  test.each([
    [['--since', 'yesterday'], /--since must be a time .*\(given: "yesterday"\)/],
    [['--since', '2027-02-30'], /--since must be/],
    [['--since', '2027-01-15T08:00'], /--since must be a time with its zone/],
    [['--since', '-1h'], /--since must be/],
    [['--since', ''], /--since must be/],
    [['--actor', ''], /--actor must be the id of a token/],
    [['--action', 'Token.create'], /--action must be .*"tilepass audit" shows them/],
    [['--action', 'token.'], /--action must be/],
    [['--action', '%'], /--action must be/],
  ])('%j is refused, and says what was expected', async (args, message) => {
    const { cli } = await start()
    const { code, out, error } = await cli('audit', ...args)
    expect([code, out]).toEqual([2, ''])
    expect(error).toMatch(message)
  })

  test('says that no entry matches', async () => {
    const { cli } = await start()
    expect((await cli('audit', '--actor', 'tok_none')).out).toBe('No entries match.\n')
  })
})
