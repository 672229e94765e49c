import { sql } from 'kysely'
import type { Connection } from './open.ts'

/** What is damaged in the store; `undefined` if nothing is. @see https://sqlite.org/pragma.html#pragma_quick_check */
export async function findDamage({ db }: Connection): Promise<string | undefined> {
  const { rows } = await sql<{ quick_check: string }>`PRAGMA quick_check(1)`.execute(db)
  const result = rows[0]?.quick_check ?? 'no answer'
  return result === 'ok' ? undefined : result
}
