import { type Command, CommanderError } from 'commander'
import { ConfigError } from '../settings/config-error.ts'
import { isDamage, StoreUnavailableError } from '../store/errors.ts'
import type { RunningServer, Surroundings } from './context.ts'
import {
  describeDatabaseFailure,
  describeDatabaseRemedy,
  isDatabaseFailure,
} from './describe-database-failure.ts'
import { CommandError } from './output.ts'
import { createProgram } from './program.ts'

/**
 * Runs a command line and resolves to its exit code: 0 if it succeeded, 1 if it failed, 2 if it was
 * used wrongly. Every failure says on standard error what to do.
 *
 * @param args Without the name of the program.
 */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
  onStart: (server: RunningServer) => void,
): Promise<number> {
  try {
    const program = createProgram(surroundings, onStart)
    await program.parseAsync(rewriteHelp(program, args), { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed the message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    surroundings.writeError(`${describeFailure(error)}\n`)
    if (error instanceof ConfigError) return 2
    return error instanceof CommandError ? error.exitCode : 1
  }
}

/** What a failed command prints: what went wrong, and which option or folder fixes it. */
export function describeFailure(error: unknown): string {
  if (error instanceof StoreUnavailableError)
    return isDatabaseFailure(error)
      ? `The database cannot be used: ${describeDatabaseFailure(error)}. ${describeDatabaseRemedy(error)}`
      : 'The data folder is locked by another process, full, or not writable. Try again, or name another folder with --data or TILEPASS_DATA.'
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  if (isDamage(error))
    return `Cannot read tilepass.db in the data folder: ${error.message}. Restore it from a backup, or name another folder with --data or TILEPASS_DATA.`
  if (code === 'EADDRINUSE')
    return `${error.message}. Choose another port with --port or TILEPASS_PORT.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${error.message}. Choose an address of this machine with --host or TILEPASS_HOST.`
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return `${error.message}. Name a folder with --data or TILEPASS_DATA.`
  if (code === 'EACCES' && Reflect.get(error, 'syscall') === 'listen')
    return `${error.message}. Choose a port that needs no privileges with --port or TILEPASS_PORT.`
  if (code === 'EACCES' || code === 'EPERM')
    return `${error.message}. Check the owner and the permissions of the folder.`
  return error.message
}

/**
 * `help token create` as `token create --help`: commander's own `help` knows one word only, and for an
 * unknown one prints the whole help.
 *
 * @throws {@link CommandError} for a topic that is no command.
 */
function rewriteHelp(program: Command, args: readonly string[]): string[] {
  let command = program
  for (const [index, word] of args.entries()) {
    if (word === 'help' && command.commands.length > 0)
      return [...args.slice(0, index), ...findTopic(command, args.slice(index + 1)), '--help']
    const found = command.commands.find((candidate) => candidate.name() === word)
    if (!found) break
    command = found
  }
  return [...args]
}

function findTopic(parent: Command, words: readonly string[]): readonly string[] {
  const topic = words.filter((word) => !word.startsWith('-'))
  let command = parent
  for (const word of topic) {
    const found = command.commands.find((candidate) => candidate.name() === word)
    if (!found)
      throw new CommandError(
        `Unknown command "${word}". "${getPath(command)} --help" lists the commands.`,
        2,
      )
    command = found
  }
  return topic
}

function getPath(command: Command): string {
  return command.parent ? `${getPath(command.parent)} ${command.name()}` : command.name()
}
