import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigInput } from '../../../server/src/config/schema.ts'
import { makeDataFolder, runCommand } from '../../../server/test/support/broker-under-test.ts'
import { DATABASE_KEY, makeKeyText } from '../../../server/test/support/sealing-keys.ts'
import { WORLD } from '../../../server/test/support/second-broker.ts'
import { type ServerOptions, type ServerProcess, startProcess } from './server-process.ts'

/** `iss` and `aud` of all tokens here, whatever the port of a server. */
export const ISSUER = 'https://faults.example'

/** Of the account `city`. */
export const PASSWORD = 'correct horse'

/** What servers run on: a store with an account `city`, and a configuration. */
export interface Site {
  readonly data: string
  /** An API token that may administer, and read tiles. */
  readonly admin: string
  /** Runs a command on the store. @returns what it printed */
  cli(args: readonly string[], input?: string): Promise<string>
  /** Starts one more server process. */
  serve(options?: ServerOptions): Promise<ServerProcess>
}

/** How a site differs from the plain one. */
export interface SiteOptions {
  readonly config?: ConfigInput
  /** The folder of the store; default: one that is gone after the test. */
  readonly data?: string
  /** In place of the folder. */
  readonly databaseUrl?: string | undefined
}

/** Prepares a store and a configuration. No limit of requests is met by tests. */
export async function prepareSite(options: SiteOptions = {}): Promise<Site> {
  const { config = {}, data = makeDataFolder(), databaseUrl } = options
  const env = nameDatabase(databaseUrl)
  const admin = databaseUrl === undefined ? await copyTemplate(data) : await fillStore(data, env)
  const file = join(makeDataFolder(), 'tilepass.json')
  const settings: ConfigInput = {
    issuer: ISSUER,
    grants: { default: { account: 'city', scope: 'tiles:read' } },
    tilesets: { world: { path: WORLD } },
    mapTokenPerMinute: 1_000_000,
    login: { perMinute: 1_000_000, addressPerMinute: 1_000_000 },
    mapbox: { requestsPerMinute: 1_000_000 },
    logLevel: 'warn',
    ...config,
  }
  writeFileSync(file, JSON.stringify(settings))
  const args = ['--config', file, ...(databaseUrl === undefined ? ['--data', data] : [])]
  return {
    data,
    admin,
    cli: (command, input) => runOn(data, env, command, input),
    serve: (more = {}) =>
      startProcess(args, { ...more, env: { ...process.env, ...env, ...more.env } }),
  }
}

type Variables = Record<string, string>

function nameDatabase(url: string | undefined): Variables {
  if (url === undefined) return {}
  return { TILEPASS_DATABASE_URL: url, TILEPASS_SECRET_KEY: makeKeyText(DATABASE_KEY) }
}

async function runOn(data: string, env: Variables, args: readonly string[], input = '') {
  const { code, out, error } = await runCommand(data, args, { now: Date.now, env, input })
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${error}`)
  return out.trim()
}

/** Creates the account and the token of the operator, which it returns. */
async function fillStore(data: string, env: Variables): Promise<string> {
  await runOn(data, env, ['account', 'create', 'city', '--password-stdin'], PASSWORD)
  const scope = 'admin:access tiles:read places:read'
  const args = ['token', 'create', '--account', 'city', '--scope', scope, '--issuer', ISSUER]
  return runOn(data, env, args)
}

let template: { readonly data: string; readonly admin: string } | undefined

/** Copies a filled data folder, because making a signing key and a hash takes a while. */
async function copyTemplate(data: string): Promise<string> {
  if (!template) {
    const folder = mkdtempSync(join(tmpdir(), 'tilepass-site-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    template = { data: folder, admin: await fillStore(folder, {}) }
  }
  cpSync(template.data, data, { recursive: true })
  return template.admin
}
