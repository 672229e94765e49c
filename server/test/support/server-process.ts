import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { BIN } from './second-broker.ts'

/** A server of its own process. */
export interface ServerProcess {
  /** Its URL; `undefined` if it ended instead. */
  readonly url: string | undefined
  /** Everything that it has printed on both streams so far. */
  readonly printed: () => string
  signal(name: NodeJS.Signals): void
  /** Ends it, and resolves to its exit code. */
  stop(): Promise<number | null>
}

/**
 * Starts the built server on a data folder and a free port. It ends with the test.
 *
 * @param env What its environment has besides ours.
 */
export async function startServerProcess(
  data: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [BIN, 'serve', '--port', '0', '--data', data, '--issuer', 'http://127.0.0.1:8080', ...args],
    { env: { ...process.env, ...env } },
  )
  const ended = once(child, 'exit')
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
    return child.exitCode
  }
  onTestFinished(async () => void (await stop()))
  let printed = ''
  const url = await new Promise<string | undefined>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text
        const found = /Tilepass listens on (\S+)/.exec(printed)?.[1]
        if (found) resolve(found)
      })
    child.once('close', () => resolve(undefined))
  })
  return { url, printed: () => printed, signal: (name) => void child.kill(name), stop }
}
