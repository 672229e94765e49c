import { sql } from 'kysely'
import type { Connection } from '../../src/store/open.ts'

/** How many tokens have the same times. */
export const SAME_TIME = 10

/**
 * Adds this many current Mapbox tokens in one statement, half of them public, and brings the statistics of
 * the database up to date. The later one was created, the earlier it was modified.
 */
export async function addMapboxTokens(
  { db }: Connection,
  account: string,
  count: number,
): Promise<void> {
  await sql`insert into api_token (id, account, format, usage, note, scopes, allowed_urls, created_at,
      modified_at, expires_at)
    with recursive number (n) as (select 1 union all select n + 1 from number where n < ${count})
    select 'c' || substr(cast(1000000000 + n as text), 2) || '000000000000000',
      cast(${account} as text), 'mapbox', case when n % 2 = 0 then 'pk' else 'sk' end, '', '', '[]',
      n / ${SAME_TIME}, (${count} - n) / ${SAME_TIME}, 8640000000000000
    from number`.execute(db)
  await sql`analyze api_token`.execute(db)
}
