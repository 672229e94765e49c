import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** A PostgreSQL server of its own, which ends with the tests. */
export interface Cluster {
  /** URL of its databases, without their name. */
  readonly url: string
  /** Runs a statement as its administrator. @param database Default `postgres`. */
  run(statement: string, database?: string): Promise<void>
  /** Sends a signal to all of its processes. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  /** Ends it as a crash would, and keeps its data. */
  kill(): Promise<void>
  /** Starts it again on its data and its port. */
  start(): Promise<void>
  /** Ends it, and removes its data. */
  remove(): Promise<void>
}

/** The folder of the newest installed PostgreSQL; `undefined` if there is none. */
export function findPostgres(): string | undefined {
  const folder = '/usr/lib/postgresql'
  const versions = existsSync(folder)
    ? readdirSync(folder)
        .map(Number)
        .sort((a, b) => b - a)
    : []
  return versions
    .map((version) => join(folder, String(version), 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')))
}

const PREFIX = 'tilepass-postgres-'
/** It refuses to run as root. */
const isRoot = process.getuid?.() === 0
/** Nothing of it must outlive a test run, so it does not wait for the disk. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'shared_buffers=64MB',
  'max_connections=400',
  'autovacuum=off',
  'listen_addresses=127.0.0.1',
]

/**
 * Starts a PostgreSQL server on a free port of this machine, in memory where it can.
 *
 * @param prepare Writes files into its folder, and returns more of its settings, as in `ssl=on`.
 */
export async function startCluster(
  prepare: (folder: string) => readonly string[] = () => [],
): Promise<Cluster> {
  const bin = findPostgres()
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const home = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(home, `${PREFIX}${process.pid}-`))
  const data = join(folder, 'data')
  removeOrphans(home)
  const owner = isRoot ? { uid: Number(idOf('-u')), gid: Number(idOf('-g')) } : {}
  const settings = prepare(folder)
  if (isRoot)
    for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))])
      chownSync(path, owner.uid ?? 0, owner.gid ?? 0)
  const options = { ...owner, cwd: folder, stdio: 'ignore' as const }
  const become = isRoot ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : []
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']
  execFileSync(join(bin, 'initdb'), initdb, options)
  const port = await findFreePort()
  const url = `postgres://postgres@127.0.0.1:${port}`
  let server: ReturnType<typeof spawn> | undefined

  const runOn = async (statement: string, database = 'postgres') => {
    const client = new pg.Client({ connectionString: `${url}/${database}` })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  const start = async () => {
    const all = [...SETTINGS, `unix_socket_directories=${folder}`, ...settings]
    const args = ['-D', data, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])]
    // It ends with the tests, however they end.
    const started = spawn(
      'setpriv',
      ['--pdeathsig', 'QUIT', ...become, join(bin, 'postgres'), ...args],
      { cwd: folder, stdio: 'ignore' },
    )
    server = started
    for (;;) {
      if (started.exitCode !== null) throw new Error(`postgres ended with ${started.exitCode}`)
      try {
        return await runOn('select 1')
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    signal('SIGCONT')
    // Immediate shutdown: like a crash, but its other processes end with it.
    server.kill('SIGQUIT')
    await ended
  }
  const signal = (name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL') => {
    const pid = server?.pid
    if (pid === undefined) return
    for (const each of [pid, ...listChildren(pid)]) signalProcess(each, name)
  }
  await start()
  return {
    url,
    run: runOn,
    signal,
    kill,
    start,
    remove: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Folders of runs that were killed. */
function removeOrphans(home: string): void {
  for (const name of readdirSync(home)) {
    const [, pid] = /^tilepass-postgres-(\d+)-/.exec(name) ?? []
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(home, name), { recursive: true, force: true })
  }
}

function idOf(option: '-u' | '-g'): string {
  return execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }).trim()
}

/** A session may have ended since its process was listed. */
function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (Reflect.get(Object(error), 'code') !== 'ESRCH') throw error
  }
}

function listChildren(pid: number): readonly number[] {
  // It fails if there are none, as after SIGKILL.
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map(Number)
    .filter((each) => each > 0)
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || !address) throw new Error('no free port')
  return address.port
}
