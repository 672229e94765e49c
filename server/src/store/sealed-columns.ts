import { sql } from 'kysely'
import type { Connection } from './open.ts'
import { isSealed, type SealedPlace } from './seal.ts'

/**
 * The columns that hold secrets in a form that can be used. All others hold hashes (passwords, keys of
 * retries) or no secrets at all. A step of the schema that moves or renames one of these columns must
 * open and seal its values again, because they are sealed for their place.
 */
const SEALED_COLUMNS = [
  { table: 'signing_key', column: 'private_jwk', key: 'kid' },
  { table: 'secret_key', column: 'secret', key: 'id' },
] as const

/** A value of a secret column, as it is stored. */
export interface StoredSecret {
  readonly place: SealedPlace
  readonly value: string
}

/** The place of the private key of a signing key. */
export function toSigningKeyPlace(kid: string): SealedPlace {
  return { table: 'signing_key', column: 'private_jwk', id: kid }
}

/** The place of the secret of a secret key. */
export function toSecretKeyPlace(id: string): SealedPlace {
  return { table: 'secret_key', column: 'secret', id }
}

/** Lists every secret of the store, sealed or plain. */
export async function listStoredSecrets({ db }: Connection): Promise<readonly StoredSecret[]> {
  const secrets: StoredSecret[] = []
  for (const { table, column, key } of SEALED_COLUMNS) {
    const { rows } = await sql<{ id: string; value: string }>`
      select ${sql.ref(key)} as id, ${sql.ref(column)} as value from ${sql.table(table)}
      order by ${sql.ref(key)}`.execute(db)
    secrets.push(...rows.map(({ id, value }) => ({ place: { table, column, id }, value })))
  }
  return secrets
}

/** Replaces a stored secret, unless it has changed since it was read. @returns Was it replaced? */
export async function replaceStoredSecret(
  { db }: Connection,
  { place: { table, column, id }, value }: StoredSecret,
  replacement: string,
): Promise<boolean> {
  const key = SEALED_COLUMNS.find((one) => one.table === table && one.column === column)?.key
  if (key === undefined) throw new TypeError(`${table}.${column} is not a secret column`)
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${replacement}
    where ${sql.ref(key)} = ${id} and ${sql.ref(column)} = ${value}`.execute(db)
  return numAffectedRows === 1n
}

/** How many secrets are sealed, and how many are not. */
export function countSealed(secrets: readonly StoredSecret[]): {
  readonly sealed: number
  readonly plain: number
} {
  const sealed = secrets.filter(({ value }) => isSealed(value)).length
  return { sealed, plain: secrets.length - sealed }
}
