import { GuardError, InvalidTokenError } from '@tilepass/guard'
import type { Command } from 'commander'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { findKind } from '../issuer/kinds.ts'
import { loadSigningKeys } from '../issuer/signing-keys.ts'
import { createOwnVerifier } from '../issuer/verify.ts'
import { createRevocations } from '../store/revocations.ts'
import { findCommandIssuer } from './command-issuer.ts'
import { addDataOptions, type DataOptions, type Surroundings, withStore } from './context.ts'
import { CommandError } from './output.ts'

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
  const parts = decode(token)
  await withStore(surroundings, options, false, async (store, output) => {
    const { now, env } = surroundings
    const issuer = await findCommandIssuer(store, env)
    const keys = await loadSigningKeys(store, now())
    const own = { issuer, keys, revocations: createRevocations(store, now), now }
    const verdict = await judge(createOwnVerifier(own, 'tiles'), token)
    output.result(
      { ...verdict, ...parts },
      `${verdict.valid ? `Valid ${verdict.kind} token` : `Not valid: ${verdict.reason}`}\n${JSON.stringify(parts, null, 2)}`,
    )
  })
}

function decode(token: string) {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
  } catch {
    throw new CommandError('That is no token: a token has three parts with dots between them.', 2)
  }
}

async function judge(verifier: ReturnType<typeof createOwnVerifier>, token: string) {
  try {
    return { valid: true, kind: findKind(await verifier.verify(token))?.name }
  } catch (error) {
    if (error instanceof InvalidTokenError) return { valid: false, reason: error.detail }
    if (error instanceof GuardError) return { valid: false, reason: error.message }
    throw error
  }
}
