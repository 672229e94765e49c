import { CommanderError } from 'commander'
import type { Broker } from '../broker/broker.ts'
import { ConfigError } from '../settings/config-error.ts'
import { StoreUnavailableError } from '../store/errors.ts'
import type { Surroundings } from './context.ts'
import { CommandError } from './output.ts'
import { createProgram } from './program.ts'

/**
 * Runs one command line and resolves to its exit code: 0, 1 when it failed, 2 when it was not used
 * as it should be. Every failure says on standard error what to do.
 *
 * @param args Without the program's own name.
 */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
  onStart: (broker: Broker) => void,
): Promise<number> {
  try {
    await createProgram(surroundings, onStart).parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has told the person already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    surroundings.writeError(`${describeFailure(error)}\n`)
    if (error instanceof ConfigError) return 2
    return error instanceof CommandError ? error.exitCode : 1
  }
}

/** What a failed command says: what went wrong, and which flag or folder mends it. */
export function describeFailure(error: unknown): string {
  if (error instanceof StoreUnavailableError)
    return 'The data folder is locked by another process, full, or not writable. Try again, or check --data.'
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  if (isDamage(error))
    return `The data folder's tilepass.db cannot be read: ${error.message}. Restore it from a backup, or name another folder with --data or TILEPASS_DATA.`
  if (code === 'EADDRINUSE')
    return `${error.message}. Choose another port with --port or TILEPASS_PORT.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${error.message}. Choose an address of this machine with --host or TILEPASS_HOST.`
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return `${error.message}. Name a folder with --data or TILEPASS_DATA.`
  if (code === 'EACCES' && Reflect.get(error, 'syscall') === 'listen')
    return `${error.message}. Choose a port that needs no privilege with --port or TILEPASS_PORT.`
  if (code === 'EACCES' || code === 'EPERM')
    return `${error.message}. Check the folder's owner and mode.`
  return error.message
}

/** SQLITE_CORRUPT or SQLITE_NOTADB. @see https://sqlite.org/rescode.html */
function isDamage(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'errcode')
  return typeof code === 'number' && [11, 26].includes(code & 0xff)
}
