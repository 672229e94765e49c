import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { BIN, buildServer } from '../../../server/test/support/second-broker.ts'

/** A server in a process of its own. It is killed after the test. */
export interface ServerProcess {
  readonly url: string
  readonly child: ChildProcess
  /** What it has printed on both streams. */
  printed(): string
  /** Has it not ended? */
  isAlive(): boolean
  /** Sends a signal, and waits for the end. @returns the exit code; `null` after SIGKILL */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** How a server is started. */
export interface ServerOptions {
  /** Default: a free one. */
  readonly port?: number | string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Options of Node. */
  readonly node?: readonly string[]
  /** A program that starts it, with its arguments, as in `strace`. */
  readonly under?: readonly string[]
  /** `unread`: standard error is a pipe that nobody reads. `ipc`: it can be asked for its memory. */
  readonly stream?: 'unread' | 'ipc'
}

let isBuilt = false

/** Starts the built server. @throws Error with what it printed, if it ends instead. */
export async function startProcess(
  args: readonly string[],
  { port = 0, env = process.env, node = [], under = [], stream }: ServerOptions = {},
): Promise<ServerProcess> {
  if (!isBuilt) buildServer()
  isBuilt = true
  const all = [...under, process.execPath, ...node, BIN, 'serve', '--port', `${port}`, ...args]
  const [program = '', ...rest] = all
  const child = spawn(program, rest, {
    env,
    // With a wrapper, a signal must reach the server as well.
    detached: under.length > 0,
    stdio: ['ignore', 'pipe', 'pipe', ...(stream === 'ipc' ? (['ipc'] as const) : [])],
  })
  const exited = once(child, 'exit')
  const isAlive = () => child.exitCode === null && child.signalCode === null
  const send = (signal: NodeJS.Signals) => {
    if (under.length > 0 && child.pid) process.kill(-child.pid, signal)
    else child.kill(signal)
  }
  onTestFinished(async () => {
    if (!isAlive()) return
    send('SIGKILL')
    await exited
  })
  let printed = ''
  for (const each of stream === 'unread' ? [child.stdout] : [child.stdout, child.stderr])
    each?.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /listens on (\S+)/.exec(printed)?.[1]
      if (found) resolve(found)
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)))
  })
  return {
    url,
    child,
    printed: () => printed,
    isAlive,
    end: async (signal) => {
      if (isAlive()) send(signal)
      await exited
      return child.exitCode
    },
  }
}
