// @ts-check
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { findPostgres } from '../../../scripts/postgres.mjs'
import { findFreePort } from './free-port.mjs'
import { LOAD_CORE, pin, readCpuOfAll } from './processes.mjs'

// Other than these it has its own settings, so that it syncs its log to disk.
const SETTINGS = ['listen_addresses=127.0.0.1', 'autovacuum=off', 'max_connections=200']

/**
 * Starts a PostgreSQL server on the core of the load.
 *
 * @returns `undefined` if PostgreSQL is not installed.
 */
export async function startPostgres() {
  const bin = findPostgres()
  if (bin === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  const owner = findOwner()
  chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8']
  execFileSync(join(bin, 'initdb'), initdb, { ...owner, cwd: folder, stdio: 'ignore' })
  const port = await findFreePort()
  const settings = [...SETTINGS, `unix_socket_directories=${folder}`]
  const args = ['-D', data, '-p', `${port}`, ...settings.flatMap((setting) => ['-c', setting])]
  // It ends with this process, however that ends.
  const command = ['setpriv', '--pdeathsig', 'QUIT', join(bin, 'postgres'), ...args]
  const [file = '', ...rest] = pin(LOAD_CORE, command)
  const server = spawn(file, rest, { ...owner, cwd: folder, stdio: 'ignore' })
  const url = `postgres://postgres@127.0.0.1:${port}`
  /** @param {string} statement @param {string} [database] */
  const run = async (statement, database = 'postgres') => {
    const client = new pg.Client({ connectionString: `${url}/${database}` })
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }
  for (;;) {
    const error = await run('select 1').then(
      () => undefined,
      (reason) => reason,
    )
    if (error === undefined) break
    if (server.exitCode !== null) throw error
    await wait(20)
  }
  return {
    run,
    /** Creates a database. @param {string} name @returns {Promise<string>} Its URL. */
    create: async (name) => {
      await run(`create database ${name}`)
      return `${url}/${name}`
    },
    /** CPU time of all its processes, in µs. */
    readCpu: () => readCpuOfAll(server.pid),
    close: async () => {
      const ended = once(server, 'exit')
      // A fast shutdown: it does not wait for its clients.
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** @typedef {NonNullable<Awaited<ReturnType<typeof startPostgres>>>} Postgres */

/** It refuses to run as root. */
function findOwner() {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  if (uid !== 0) return { uid, gid }
  const idOf = (/** @type {string} */ option) =>
    Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}
