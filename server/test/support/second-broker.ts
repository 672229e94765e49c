import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/run.ts'
import type { ConfigInput } from '../../src/config/schema.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const root = at('../../..')

/** The command of the built server. */
export const BIN = join(root, 'server/bin/tilepass.js')
/** A tileset and a file that any broker can serve. */
export const WORLD = join(root, 'examples/demo-data/world.pmtiles')
export const EARTH = join(root, 'examples/demo-data/earth.tif')

/** Builds what {@link BIN} runs; nearly free when it is built. */
export function buildServer(): void {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-b', 'packages/guard', 'server'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stdout)
}

/** A broker in its own process: the third-party API of the broker under test. */
export interface SecondBroker {
  readonly url: string
  /** Everything that it has printed. */
  readonly printed: () => string
  /** Runs a command on its data. */
  cli(...args: string[]): Promise<string>
  /** The same with something on standard input. */
  feed(input: string, ...args: string[]): Promise<string>
  /** Ends the process, and starts it again on its data and its port. */
  restart(): Promise<void>
  kill(): Promise<void>
  signal(name: NodeJS.Signals): void
}

/**
 * Starts a second broker with an account `city`.
 *
 * @param config Settings besides data and port.
 * @param env What its environment has besides ours.
 */
export async function startSecondBroker(
  config: ConfigInput = {},
  env: Readonly<Record<string, string>> = {},
): Promise<SecondBroker> {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-second-'))
  const file = join(data, 'tilepass.json')
  writeFileSync(file, JSON.stringify(config))
  const feed = async (input: string, ...args: string[]) => {
    let printed = ''
    const write = (text: string) => {
      printed += text
    }
    // In this process: only the server is one of its own, and a process takes a second to start.
    const code = await runCommandLine(
      [...args, '--data', data],
      {
        env: {},
        writeOut: write,
        writeError: write,
        readInput: async () => input,
        now: () => Date.now(),
      },
      () => undefined,
    )
    if (code !== 0) throw new Error(printed)
    return printed.trim()
  }
  const cli = (...args: string[]) => feed('', ...args)
  await cli('account', 'create', 'city')

  let printed = ''
  let url = ''
  let port = '0'
  let child = await start()

  async function start() {
    const args = [BIN, 'serve', '--port', port, '--data', data, '--config', file]
    const started = spawn(process.execPath, args, { env: { ...process.env, ...env } })
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text
      })
    url = await new Promise<string>((resolve, reject) => {
      let out = ''
      started.stdout.on('data', (text: string) => {
        out += text
        const found = /listens on (\S+)/.exec(out)?.[1]
        if (found) resolve(found)
      })
      started.once('exit', (code) => reject(new Error(`it ended with ${code}: ${printed}`)))
    })
    port = new URL(url).port
    return started
  }

  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  stops.push(async () => {
    await kill()
    rmSync(data, { recursive: true, force: true })
  })

  return {
    get url() {
      return url
    },
    printed: () => printed,
    cli,
    feed,
    restart: async () => {
      await kill()
      child = await start()
    },
    kill,
    signal: (name) => void child.kill(name),
  }
}

const stops: (() => Promise<void>)[] = []

/** Makes a test file able to start second brokers; all end with it. */
export function setUpSecondBrokers(): void {
  // Several processes each, and a busy machine takes seconds for one.
  vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })
  beforeAll(buildServer)
  afterAll(async () => {
    for (const stop of stops.splice(0)) await stop()
  })
}
