import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { settleIssuer } from '../issuer/identity.ts'
import { findTokenParts } from '../issuer/inspection.ts'
import { inspectToken } from '../sessions/inspect-token.ts'
import { addDataCommand, type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError, toPrintable } from './output.ts'

/** Adds `inspect`. */
export function addInspectCommand(program: Command, surroundings: Surroundings): void {
  addDataCommand(program, 'inspect', {
    description: 'Show what a token says, and whether the servers on this data folder accept it',
    examples: ['inspect - < token.txt'],
  })
    .argument(
      '<token>',
      'the token, or "-" for standard input, which keeps it out of the shell history',
    )
    .action((argument: string, options: DataOptions) => inspect(argument, options, surroundings))
}

async function inspect(
  argument: string,
  options: DataOptions,
  surroundings: Surroundings,
): Promise<void> {
  const token = (argument === '-' ? await surroundings.readInput() : argument).trim()
  const parts = findTokenParts(token)
  if (!parts) throw new CommandError(describeFault(token, argument), 2)
  await withStore(surroundings, options, false, async ({ store, output, settings }) => {
    const url = await settleIssuer(store, settings)
    const verdict = await inspectToken(store, url, token, surroundings.now)
    const line = verdict.valid ? `Valid ${verdict.kind} token` : `Not valid: ${verdict.reason}`
    const lines = JSON.stringify(parts, null, 2).split('\n').map(toPrintable)
    output.result({ ...verdict, ...parts }, [line, ...lines].join('\n'))
  })
}

// Never with the token: it may be a secret that was only cut off.
function describeFault(token: string, argument: string): string {
  if (argument !== '-' && existsSync(argument))
    return `"${toPrintable(argument)}" is a file. Read the token from it with: tilepass inspect - < FILE`
  const count = token === '' ? 0 : token.split('.').length
  return count === 3
    ? 'Not a JWT: its parts are not base64url-encoded JSON. Check that the token is complete.'
    : `Not a JWT: expected three dot-separated parts (given: ${count}). A token in a file is read with: tilepass inspect - < FILE`
}
