import { sql } from 'kysely'
import type { Store } from './open.ts'

/**
 * What is damaged in the store; `undefined` if nothing is, or if it is PostgreSQL, whose checksums are the
 * business of its server.
 *
 * @see https://sqlite.org/pragma.html#pragma_quick_check
 */
export async function findDamage({ db, kind }: Store): Promise<string | undefined> {
  if (kind === 'postgres') return
  const { rows } = await sql<{ quick_check: string }>`PRAGMA quick_check(1)`.execute(db)
  const result = rows[0]?.quick_check ?? 'no answer'
  return result === 'ok' ? undefined : result
}
