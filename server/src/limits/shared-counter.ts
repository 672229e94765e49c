import { createHash } from 'node:crypto'
import { CompiledQuery } from 'kysely'
import { type RateLimiterAbstract, RateLimiterPostgres } from 'rate-limiter-flexible'
import type { Store } from '../store/open.ts'

/** What rate-limiter-flexible asks its database. */
interface CounterQuery {
  readonly text: string
  readonly values?: readonly unknown[]
}

/**
 * Counts in the database of several replicas. Keys are hashed: what was typed as a user name may be a
 * password.
 *
 * @param name Tells its keys from those of other limits.
 */
export function createSharedCounter(
  { db }: Store,
  name: string,
  options: { readonly points: number; readonly duration: number },
): Pick<RateLimiterAbstract, 'consume' | 'reward'> {
  const client = {
    query: ({ text, values = [] }: CounterQuery) =>
      db.executeQuery(CompiledQuery.raw(text, [...values])),
  }
  const counter = new RateLimiterPostgres({
    ...options,
    storeClient: client,
    storeType: 'client',
    keyPrefix: name,
    tableName: 'rate_limit',
    // By a step of the schema.
    tableCreated: true,
  })
  const hash = (key: string) => createHash('sha256').update(key).digest('base64url')
  return {
    consume: (key) => counter.consume(hash(String(key))),
    reward: (key) => counter.reward(hash(String(key))),
  }
}
