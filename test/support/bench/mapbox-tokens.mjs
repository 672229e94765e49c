// @ts-check
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'

/** Id of the nth token that was added. @param {number} n */
export function toTokenId(n) {
  return `c${String(n).padStart(24, '0')}`
}

/**
 * Adds current Mapbox tokens to the account `city` of a data folder, which no server uses.
 *
 * @param {string} folder
 * @param {number} count
 */
export function addToFolder(folder, count) {
  const database = new DatabaseSync(join(folder, 'tilepass.db'))
  try {
    database.exec(toInsert(count))
  } finally {
    database.close()
  }
}

/**
 * The same in a database.
 *
 * @param {import('./postgres.mjs').Postgres} postgres
 * @param {string} name Of the database.
 * @param {number} count
 */
export async function addToDatabase(postgres, name, count) {
  await postgres.run(toInsert(count), name)
  await postgres.run('vacuum analyze api_token', name)
}

/** A statement of both databases. Each token was created a second after the one before. @param {number} count */
function toInsert(count) {
  return `insert into api_token (id, account, format, usage, note, scopes, allowed_urls, created_at,
      modified_at, expires_at)
    with recursive number (n) as (select 1 union all select n + 1 from number where n < ${count})
    select 'c000000000000000' || substr(cast(1000000000 + n as text), 2, 9), 'city', 'mapbox', 'pk',
      'a note of some words', 'styles:tiles styles:read fonts:read', '[]',
      1600000000000 + 1000 * n, 1600000000000 + 1000 * n, 8640000000000000
    from number`
}
