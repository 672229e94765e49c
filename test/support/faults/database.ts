import { onTestFinished } from 'vitest'
import { type Cluster, startCluster } from '../../../server/test/support/postgres-cluster.ts'
import { queryCount } from '../../../server/test/support/postgres-sessions.ts'

/** A PostgreSQL server that a test may harm, with a database. */
export interface Database {
  readonly url: string
  readonly cluster: Cluster
  /** The column `count` of the row that a query finds. */
  count(query: string): Promise<number>
  /** Kills every process of the server with SIGKILL. */
  crash(): Promise<void>
}

/**
 * Starts a PostgreSQL server that ends with the test. Unlike that of other tests, it has a commit in its
 * log before it says so.
 *
 * @param settings As in `max_connections=20`.
 */
export async function startDatabase(settings: readonly string[] = []): Promise<Database> {
  const durable = ['synchronous_commit=on', 'full_page_writes=on']
  const cluster = await startCluster(() => [...durable, ...settings])
  onTestFinished(() => cluster.remove())
  await cluster.run('create database tilepass')
  const url = `${cluster.url}/tilepass`
  return {
    url,
    cluster,
    count: (query) => queryCount(url, query),
    crash: async () => {
      cluster.signal('SIGKILL')
      await cluster.kill()
    },
  }
}
