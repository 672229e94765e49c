import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { findDamage } from '../../server/src/store/integrity.ts'
import { openStore } from '../../server/src/store/open.ts'
import { makeDataFolder } from '../../server/test/support/broker-under-test.ts'
import { buildServer } from '../../server/test/support/second-broker.ts'
import { callsOf } from '../support/faults/calls.ts'
import { countSteps, createOldStore } from '../support/faults/old-store.ts'
import { fault } from '../support/faults/row.ts'
import { startProcess } from '../support/faults/server-process.ts'
import { root } from '../support/repository.ts'

const serve = (data: string) => startProcess(['--data', data, '--log-level', 'warn'])

/** Does a server start on a data folder, and does the token pass there? */
async function accepts(data: string, token: string): Promise<boolean> {
  const server = await serve(data)
  const { status } = await callsOf(server.url, '').exchange(token)
  await server.end('SIGKILL')
  return status === 200
}

fault(
  'F17',
  'old data, new version, and back',
  { short: 1, long: 12, unit: 'old schemas' },
  async ({ scale, report }) => {
    const steps = await countSteps()
    const totals = { refused: 0, started: 0, refusedAfter: 0 }
    for (let index = 0; index < scale; index++) {
      // From the first schema to the last one before this.
      const old = scale === 1 ? 1 : 1 + Math.round((index * (steps - 2)) / (scale - 1))
      const { data, token } = await createOldStore(old)
      const backup = makeDataFolder()
      cpSync(data, backup, { recursive: true })
      if (!(await accepts(data, token))) totals.refused += 1
      // What an older version finds after the upgrade: steps that it does not know.
      const store = await openStore({ data }, { patience: 5_000 })
      await sql`insert into schema_version (version) values (${steps + 1})`.execute(store.db)
      await store.close()
      const started = await serve(data).catch((error: unknown) => String(error))
      if (typeof started !== 'string' || !started.includes('newer version')) totals.started += 1
      if (!(await accepts(backup, token))) totals.refusedAfter += 1
    }
    report('old tokens refused by the new version', totals.refused, { atMost: 0 })
    report('starts of an older version on newer data', totals.started, { atMost: 0 })
    report('old tokens refused after the backup was restored', totals.refusedAfter, { atMost: 0 })
  },
)

/** Migrates, and kills itself before one of the statements. */
const MIGRATE = `
  import { Kysely, SqliteDialect } from 'kysely'
  import { migrate } from './dist/store/migrations.js'
  import { openSqlite } from './dist/store/sqlite.js'
  const [path, left] = process.argv.slice(-2)
  const database = await openSqlite(path, 5000)
  let countdown = Number(left)
  const prepare = (sql) => {
    const statement = database.prepare(sql)
    const run = (parameters) => {
      if (countdown-- === 0) process.kill(process.pid, 'SIGKILL')
      return statement.run(parameters)
    }
    return { ...statement, run }
  }
  await migrate(new Kysely({ dialect: new SqliteDialect({ database: { ...database, prepare } }) }))
  console.log('done')`

fault(
  'F17',
  'a migration is killed (SIGKILL) half-way, each time before another statement',
  { short: 2, long: 60, unit: 'kills' },
  async ({ scale, report }) => {
    buildServer()
    const { data, token } = await createOldStore(1)
    let [killed, damaged, left] = [0, 0, 0]
    // A migration has more statements than this; the last kill is before its commit or later.
    for (let index = 0; index < scale; index++) {
      const folder = makeDataFolder()
      cpSync(data, folder, { recursive: true })
      const before = String(Math.round((index * 60) / scale))
      const args = ['--input-type=module', '-e', MIGRATE, join(folder, 'tilepass.db'), before]
      const child = spawn(process.execPath, args, {
        cwd: join(root, 'server'),
        stdio: 'inherit',
      })
      await once(child, 'exit')
      if (child.signalCode === 'SIGKILL') killed += 1
      const store = await openStore({ data: folder }, { patience: 5_000 })
      if ((await findDamage(store)) !== undefined) damaged += 1
      const { rows } = await sql<{ count: number }>`
        select count(*) as count from signing_key`.execute(store.db)
      if (rows[0]?.count !== 1) left += 1
      await store.close()
      if (index === scale - 1 && !(await accepts(folder, token))) left += 1
    }
    report('migrations killed', killed, { atLeast: 1 })
    report('stores damaged', damaged, { atMost: 0 })
    report('stores that the next start could not bring up to date', left, { atMost: 0 })
  },
)
