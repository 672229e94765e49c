import { describe, expect, test } from 'vitest'
import { runCommand, startBroker } from '../support/broker-under-test.ts'

const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['account disable', ['account', 'disable', 'demo']],
  ['account delete', ['account', 'delete', 'demo']],
  ['key revoke of a secret key', ['key', 'revoke', 'mapbox']],
  ['key revoke of a signing key', ['key', 'revoke', 'KID']],
]

async function start(command: readonly string[]) {
  const { data, cli } = await startBroker()
  const [{ kid }] = JSON.parse((await cli('key', 'list', '--json')).out)
  const args = command.map((word) => (word === 'KID' ? kid : word))
  const questions: string[] = []
  const answering = (answer: string) => ({
    ask: async (question: string) => {
      questions.push(question)
      return answer
    },
  })
  const countChanges = async () => JSON.parse((await cli('audit', '--json')).out).length
  return {
    countChanges,
    questions,
    /** In a terminal. */
    answer: (text: string, ...more: string[]) =>
      runCommand(data, [...args, ...more], answering(text)),
    runInScript: () => runCommand(data, args),
  }
}

describe.each(COMMANDS)('%s', (_, command) => {
  test.each(['', 'n', 'no', 'yes please', 'Y es'])(
    'changes nothing in a terminal after the answer %j',
    async (text) => {
      const { answer, countChanges, questions } = await start(command)
      const before = await countChanges()
      expect(await answer(text)).toMatchObject({
        code: 1,
        out: '',
        error: 'Nothing was changed.\n',
      })
      expect(questions).toEqual([expect.stringMatching(/ will .* Continue\? \[y\/N\] $/)])
      expect(await countChanges()).toBe(before)
    },
  )

  test('asks once in a terminal, and does it after yes', async () => {
    const { answer, countChanges, questions } = await start(command)
    const before = await countChanges()
    expect((await answer(' Yes ')).code).toBe(0)
    expect(questions).toHaveLength(1)
    expect(await countChanges()).toBeGreaterThan(before)
  })

  test('asks neither with --yes nor in a script', async () => {
    const first = await start(command)
    expect((await first.answer('', '--yes')).code).toBe(0)
    expect(first.questions).toEqual([])
    expect((await (await start(command)).runInScript()).code).toBe(0)
  })
})
