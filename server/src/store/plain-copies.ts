import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isSealed } from './seal.ts'
import { openSqlite } from './sqlite.ts'

/** Copies that upgrades and restores leave in a data folder. */
const COPY = /^tilepass-(?:schema|replaced)-[\w-]+\.db$/

/**
 * Names of the copies in a data folder whose signing keys are not sealed, or that cannot be read. A broker
 * with another store may have no such folder.
 */
export async function listPlainCopies(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return []
  const names = (await readdir(folder)).filter((name) => COPY.test(name)).sort()
  const arePlain = await Promise.all(names.map((name) => isPlain(join(folder, name))))
  return names.filter((_, index) => arePlain[index])
}

async function isPlain(file: string): Promise<boolean> {
  try {
    const database = await openSqlite(file, 0, { isCopy: true })
    try {
      const rows = database.prepare('select private_jwk as value from signing_key').all([])
      return rows.some((row) => !isSealed(String(Reflect.get(Object(row), 'value'))))
    } finally {
      database.close()
    }
  } catch {
    return true
  }
}
