import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Kysely, SqliteDialect, sql } from 'kysely'
import { migrate } from '../../../server/src/store/migrations.ts'
import { openStore } from '../../../server/src/store/open.ts'
import type { Tables } from '../../../server/src/store/schema.ts'
import { openSqlite } from '../../../server/src/store/sqlite.ts'
import { makeDataFolder } from '../../../server/test/support/broker-under-test.ts'

const ISSUER = 'https://old.example'
const YEAR = 31_536_000_000

/** The number of steps that the schema has now. */
export async function countSteps(): Promise<number> {
  const store = await openStore({ data: makeDataFolder() }, { patience: 5_000 })
  const { rows } = await sql<{ version: number }>`
    select max(version) as version from schema_version`.execute(store.db)
  await store.close()
  return rows[0]?.version ?? 0
}

/** A data folder with the schema of an older version, and an API token that it has issued. */
export async function createOldStore(
  steps: number,
): Promise<{ readonly data: string; readonly token: string }> {
  const data = makeDataFolder()
  const database = await openSqlite(join(data, 'tilepass.db'), 5_000)
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) })
  await migrate(db, { target: steps })
  const now = Math.floor(Date.now() / 1000) * 1000 - 60_000
  const expiresAt = now + YEAR
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey))
  const jwk = JSON.stringify(await exportJWK(privateKey))
  const id = `tok_${randomUUID().replaceAll('-', '')}`
  const orgId = `org_${randomUUID().replaceAll('-', '')}`
  await sql`insert into setting (name, value) values ('issuer', ${ISSUER})`.execute(db)
  await sql`insert into signing_key (kid, algorithm, private_jwk, created_at)
    values (${kid}, 'RS256', ${jwk}, ${now})`.execute(db)
  await sql`insert into account (name, org_id, created_at) values ('city', ${orgId}, ${now})`.execute(
    db,
  )
  await sql`insert into api_token (id, account, format, note, scopes, allowed_urls, created_at,
    modified_at, expires_at) values (${id}, 'city', 'jwt', '', 'tiles:read', '[]', ${now}, ${now},
    ${expiresAt})`.execute(db)
  await db.destroy()
  const token = await new SignJWT({ org_id: orgId, token_type: 'api_token', scope: 'tiles:read' })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setSubject(id)
    .setJti(randomUUID())
    .setIssuedAt(now / 1000)
    .setExpirationTime(expiresAt / 1000)
    .sign(privateKey)
  return { data, token }
}
