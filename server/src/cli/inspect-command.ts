import type { Command } from 'commander'
import { findCommandIssuer } from './command-issuer.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { decodeToken, judgeToken } from './inspection.ts'
import { CommandError, toPrintable } from './output.ts'

/** Adds `inspect`. */
export function addInspectCommand(program: Command, surroundings: Surroundings): void {
  addDataOptions(program.command('inspect'))
    .description('Show what a token says, and whether this data folder accepts it')
    .argument(
      '<token>',
      'the token, or "-" for standard input, which leaves no trace in your shell',
    )
    .addHelpText('after', '\nExample:\n  tilepass inspect - < token.txt')
    .action((argument: string, options: DataOptions) => inspect(argument, options, surroundings))
}

async function inspect(
  argument: string,
  options: DataOptions,
  surroundings: Surroundings,
): Promise<void> {
  const token = (argument === '-' ? await surroundings.readInput() : argument).trim()
  const parts = decodeToken(token)
  if (!parts)
    throw new CommandError('That is no token: a token has three parts with dots between them.', 2)
  await withStore(surroundings, options, false, async (store, output) => {
    const issuer = await findCommandIssuer(store, surroundings.env)
    const verdict = await judgeToken(store, issuer, token, surroundings.now)
    const line = verdict.valid ? `Valid ${verdict.kind} token` : `Not valid: ${verdict.reason}`
    const lines = JSON.stringify(parts, null, 2).split('\n').map(toPrintable)
    output.result({ ...verdict, ...parts }, [line, ...lines].join('\n'))
  })
}
