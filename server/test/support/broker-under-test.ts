import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { expect, onTestFinished } from 'vitest'
import { runCommandLine } from '../../src/cli/run.ts'
import { type Broker, type BrokerOptions, createBroker } from '../../src/index.ts'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { openStore } from '../../src/store/open.ts'
import { DATABASE_KEY, makeKeyText } from './sealing-keys.ts'
import { chooseTemplate, findDatabaseUrl, onPostgres } from './test-location.ts'

/** Epoch ms at which the fake clocks start: a round second. */
export const NOW = 1_800_000_000_000

/** A data folder that is gone after the test. */
export function makeDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

let template: string | undefined

/** A data folder that has a signing key already: making one takes longer than most tests. */
export async function copyKeyedFolder(): Promise<string> {
  if (onPostgres) {
    const data = makeDataFolder()
    chooseTemplate(data, 'keyed')
    return data
  }
  if (!template) {
    const folder = mkdtempSync(join(tmpdir(), 'tilepass-keyed-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const store = await openStore({ data: folder }, { patience: 1_000 })
    await loadSigningKeys(store, NOW)
    await store.close()
    template = folder
  }
  const data = makeDataFolder()
  cpSync(template, data, { recursive: true })
  return data
}

/** The settings of a broker on the store of a data folder. */
export async function storeSettings(data: string): Promise<
  Pick<BrokerOptions, 'databaseUrl' | 'databaseConnections' | 'secretKey'> & {
    readonly data: string
  }
> {
  const url = await findDatabaseUrl(data)
  if (url === undefined) return { data }
  const secretKey = () => makeKeyText(DATABASE_KEY)
  return { data, databaseUrl: () => url, databaseConnections: 10, secretKey }
}

/** The environment of a command on the store of a data folder. */
export async function storeVariables(data: string): Promise<Record<string, string>> {
  const url = await findDatabaseUrl(data)
  if (url === undefined) return { TILEPASS_DATA: data }
  const TILEPASS_SECRET_KEY = makeKeyText(DATABASE_KEY)
  return { TILEPASS_DATA: data, TILEPASS_DATABASE_URL: url, TILEPASS_SECRET_KEY }
}

/**
 * A command line and an environment that name the store of a data folder: a database is never named by
 * `--data`, so that there its folder goes.
 */
export async function nameStore(
  data: string,
  args: readonly string[],
): Promise<{ readonly args: readonly string[]; readonly env: Record<string, string> }> {
  const index = args.indexOf('--data')
  const folder = index === -1 ? data : (args[index + 1] ?? data)
  const env = await storeVariables(folder)
  const isNamed = index !== -1 && env.TILEPASS_DATABASE_URL !== undefined
  return { args: isNamed ? [...args.slice(0, index), ...args.slice(index + 2)] : args, env }
}

/** What a command line printed and how it ended. */
export interface CommandResult {
  readonly code: number
  readonly out: string
  readonly error: string
}

/**
 * Runs a command as a person would, on a store connection of its own.
 *
 * @param options.ask What the person answers in a terminal; without it there is none.
 */
export async function runCommand(
  data: string,
  args: readonly string[],
  {
    now = () => NOW,
    input = '',
    env = {},
    ask,
  }: {
    now?: () => number
    input?: string
    env?: Record<string, string>
    ask?: (question: string) => Promise<string>
  } = {},
): Promise<CommandResult> {
  let out = ''
  let error = ''
  const named = await nameStore(data, args)
  const surroundings = {
    env: { ...named.env, ...env },
    writeOut: (text: string) => {
      out += text
    },
    writeError: (text: string) => {
      error += text
    },
    readInput: async () => input,
    ...(ask ? { ask } : {}),
    now,
  }
  const code = await runCommandLine(named.args, surroundings, () => undefined)
  return { code, out, error }
}

/** Every token here is a JWT or has the payload of one; the rest are secrets that tests give. */
const CREDENTIAL = /(?<![\w-])eyJ[\w-]{8,}|[Cc]anary|[Cc]orrect horse|[Ss]ecret word/

/** A log that keeps every line at any level. It fails the test if a credential is in one. */
export function watchLog(): { readonly logger: Logger; readonly logged: () => string } {
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  onTestFinished(() => expect(lines.filter((line) => CREDENTIAL.test(line))).toEqual([]))
  return { logger, logged: () => lines.join('') }
}

/** The response, if it is no error that says a credential. */
async function expectNoCredential(response: Response): Promise<Response> {
  if (!response.ok) expect(await response.clone().text()).not.toMatch(CREDENTIAL)
  return response
}

/** A broker that listens, on a clock of its own. */
export interface BrokerUnderTest {
  readonly data: string
  readonly url: string
  /** Base URL of `/metrics`; empty unless `metrics` is set. */
  readonly metricsUrl: string
  readonly broker: Broker
  /** Its clock; assign to move it. */
  readonly clock: { now: number }
  cli(...args: string[]): Promise<CommandResult>
  /** A new API token of the account `demo`. */
  createToken(scope?: string, expiresIn?: number): Promise<string>
  /** Posts JSON, or text as it is. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
}

/** Starts a broker with demo data on a free port; it ends with the test, and its log is watched. */
export async function startBroker(options: BrokerOptions = {}): Promise<BrokerUnderTest> {
  const clock = { now: NOW }
  const now = () => clock.now
  const data = options.data ?? (await copyKeyedFolder())
  const logger = options.logger ?? watchLog().logger
  const broker = await createBroker({
    demo: true,
    now,
    ...options,
    logger,
    ...(await storeSettings(data)),
  })
  onTestFinished(() => broker.close())
  const { url, metricsUrl = '' } = await broker.listen(0)
  const cli = (...args: string[]) => runCommand(data, args, { now })
  return {
    data,
    url,
    metricsUrl,
    broker,
    clock,
    cli,
    createToken: async (scope = 'tiles:read places:read', expiresIn = 86_400) => {
      const args = ['--account', 'demo', '--scope', scope, '--expires-in', `${expiresIn}s`]
      return (await cli('token', 'create', ...args)).out.trim()
    },
    post: async (path, body, headers = {}) =>
      expectNoCredential(
        await fetch(`${url}${path}`, {
          method: 'POST',
          headers:
            body === undefined ? headers : { 'content-type': 'application/json', ...headers },
          ...(body === undefined
            ? {}
            : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      ),
  }
}

/** The claims of a token, unchecked. */
export function readClaims(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
