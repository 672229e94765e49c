import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { makeDataFolder, NOW, runCommand } from '../support/broker-under-test.ts'

test('every command has help with an example, and JSON for machines', () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
  const printed = { text: '' }
  const program = createProgram(
    {
      env: {},
      writeOut: (text) => {
        printed.text += text
      },
      writeError: () => undefined,
      readInput: async () => '',
      now: () => NOW,
    },
    () => undefined,
  )
  const names = leaves(program).map((command) => {
    printed.text = ''
    command.outputHelp()
    const name = [command.parent?.name(), command.name()].join(' ')
    expect([name, printed.text]).toEqual([name, expect.stringContaining('\nExample')])
    if (command.name() !== 'serve')
      expect([name, printed.text]).toEqual([name, expect.stringContaining('--json')])
    return name
  })
  expect(names.length).toBeGreaterThan(10)
})

test('help has examples, and an unknown command exits with 2', async () => {
  const data = makeDataFolder()
  for (const command of [['serve'], ['token', 'create'], ['account', 'create'], ['inspect']]) {
    const { code, out } = await runCommand(data, [...command, '--help'])
    expect([code, out]).toEqual([0, expect.stringContaining('Example')])
  }
  expect((await runCommand(data, ['bogus'])).code).toBe(2)
})

test.each([
  [['help', 'nope'], 'Unknown command "nope". "tilepass --help" lists the commands.\n'],
  [
    ['token', 'help', 'nope'],
    'Unknown command "nope". "tilepass token --help" lists the commands.\n',
  ],
  [
    ['help', 'token', 'nope'],
    'Unknown command "nope". "tilepass token --help" lists the commands.\n',
  ],
])('%j names the command that does not exist', async (args, error) => {
  expect(await runCommand(makeDataFolder(), args)).toEqual({ code: 2, out: '', error })
})

test.each([
  [['help', 'token', 'create'], 'Usage: tilepass token create'],
  [['token', 'help', 'create'], 'Usage: tilepass token create'],
  [['help', 'token'], 'Usage: tilepass token [options]'],
])('%j shows that command', async (args, usage) => {
  expect((await runCommand(makeDataFolder(), args)).out).toContain(usage)
})

test('an account may be called help', async () => {
  const data = makeDataFolder()
  expect((await runCommand(data, ['account', 'create', 'help'])).out).toContain('Created help')
})

test.each([[['help']], [['help', 'token']], [['token', 'help', 'create']], [['help', '--help']]])(
  '%j shows help',
  async (args) => {
    const { code, out, error } = await runCommand(makeDataFolder(), args)
    expect([code, error, out]).toEqual([0, '', expect.stringContaining('Usage: tilepass')])
  },
)

test('--version prints the version', async () => {
  const result = await runCommand(makeDataFolder(), ['--version'])
  expect(result).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})
