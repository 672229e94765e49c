import type { Command } from 'commander'
import type { Surroundings } from './context.ts'
import { CommandError } from './output.ts'

/** The option of a command that asks before it does what cannot be undone. */
export interface ConfirmOptions {
  readonly yes?: boolean
}

/** Adds `--yes`. */
export function addConfirmOption(command: Command): Command {
  return command.option('--yes', 'do it without asking')
}

/**
 * Asks in a terminal whether to go on. Scripts have no terminal and are not asked.
 *
 * @param consequence What will happen, as a sentence.
 * @throws {@link CommandError} unless the answer is yes.
 */
export async function confirm(
  { ask }: Surroundings,
  { yes = false }: ConfirmOptions,
  consequence: string,
): Promise<void> {
  if (yes || !ask) return
  const answer = await ask(`${consequence} Continue? [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was changed.')
}
