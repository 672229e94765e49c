import type { TestProject } from 'vitest/node'
import { loadSigningKeys } from '../../src/issuer/signing-keys.ts'
import { openStore } from '../../src/store/open.ts'
import { type Cluster, startCluster } from './postgres-cluster.ts'
import { DATABASE_KEY, makeSealingKey } from './sealing-keys.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the databases of this test run, without their name. */
    postgres: string
  }
}

/** Epoch ms at which the fake clocks start. */
const NOW = 1_800_000_000_000

/**
 * The fake clocks of replicas are ahead of the real one, and the clock of the database must not hold them
 * back. A test of both clocks drops this function.
 */
const FAKE_CLOCK = `create function public.statement_timestamp() returns timestamptz stable language sql
  as $$ select '2999-01-01'::timestamptz $$`

let started: Cluster | undefined

/**
 * Starts one PostgreSQL server for all test files, with the databases that each test's is a copy of. Their
 * locale sorts as people do, so that a query that relies on the order of bytes must say so.
 */
export async function setup(project: TestProject): Promise<void> {
  const cluster = await startCluster()
  started = cluster
  try {
    const locale = `template template0 encoding 'UTF8' locale_provider icu icu_locale 'en'`
    await cluster.run(`create database empty ${locale}`)
    await cluster.run('alter role postgres set search_path = public, pg_catalog')
    await cluster.run(FAKE_CLOCK, 'empty')
    await cluster.run('create database plain template empty')
    const location = (name: string) => ({ data: '', databaseUrl: `${cluster.url}/${name}` })
    await (await openStore(location('plain'), { patience: 5_000 })).close()
    await cluster.run('create database keyed template plain')
    const keyed = await openStore(location('keyed'), { patience: 5_000 })
    keyed.sealing.use([makeSealingKey(DATABASE_KEY)])
    await loadSigningKeys(keyed, NOW)
    await keyed.close()
    project.provide('postgres', cluster.url)
  } catch (error) {
    await cluster.remove()
    throw error
  }
}

/** Ends the server, and removes its data. */
export async function teardown(): Promise<void> {
  await started?.remove()
}
