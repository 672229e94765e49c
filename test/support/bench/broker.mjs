// @ts-check
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findFreePort } from './free-port.mjs'
import { SERVER_CORE, startOn } from './processes.mjs'

const BIN = fileURLToPath(new URL('../../../server/bin/tilepass.js', import.meta.url))
export const ARCHIVE = fileURLToPath(
  new URL('../../../examples/demo-data/world.pmtiles', import.meta.url),
)

/**
 * @typedef {object} Preparation
 * @property {(...args: string[]) => string} tilepass Runs a command, and returns what it prints.
 * @property {string} folder The data folder.
 */

/** Creates the account that the grants and tokens of a bench have. @param {Preparation} preparation */
export function createAccount({ tilepass }) {
  tilepass('account', 'create', 'city')
}

/**
 * Starts a broker as users do: a process with a data folder, a configuration and a log in a file.
 *
 * @param {object} [options]
 * @param {object} [options.settings]
 * @param {readonly string[]} [options.node] Options of Node.
 * @param {Record<string, string>} [options.env]
 * @param {(preparation: Preparation) => void | Promise<void>} [options.prepare] Fills the store before the
 *   start; default {@link createAccount}.
 */
export async function startBroker({
  settings = {},
  node = [],
  env = {},
  prepare = createAccount,
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  const config = join(folder, 'tilepass.json')
  const logFile = join(folder, 'log')
  const port = await findFreePort()
  const grant = { account: 'city', scope: 'tiles:read' }
  writeFileSync(
    config,
    JSON.stringify({
      data: folder,
      port,
      publicUrl: `http://127.0.0.1:${port}`,
      mapTokenPerMinute: 1_000_000,
      verify: { peers: ['loopback'] },
      grants: { default: grant, shared: { ...grant, shared: true } },
      tilesets: { world: { path: ARCHIVE } },
      ...settings,
    }),
  )
  const environment = { ...process.env, ...env }
  /** @param {string[]} args */
  const tilepass = (...args) =>
    execFileSync(process.execPath, [BIN, ...args, '--config', config], {
      encoding: 'utf8',
      env: environment,
    }).trim()
  await prepare({ tilepass, folder })
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = startOn(SERVER_CORE, [...node, BIN, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', log],
    env: environment,
  })
  closeSync(log)
  const url = `http://127.0.0.1:${port}`
  // The log may be silent.
  for (;;) {
    const response = await fetch(`${url}/healthz`).catch(() => undefined)
    if (response?.ok) break
    if (child.exitCode !== null) throw new Error(readFileSync(logFile, 'utf8'))
    await wait(5)
  }
  const startTime = performance.now() - startedAt
  return {
    url,
    pid: child.pid,
    /** In ms. */
    startTime,
    tilepass,
    readLog: () => readFileSync(logFile, 'utf8'),
    close: async () => {
      child.kill()
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
