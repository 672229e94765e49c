import { ConfigError } from '../settings/config-error.ts'
import type { StoreKind } from './open.ts'
import type { SealingKey } from './sealing-key.ts'

/**
 * Sealing is optional with SQLite, whose file only its owner reads, and required with PostgreSQL: a
 * database server, its backups and its replicas are read by more people than the broker's folder.
 *
 * @throws {@link ConfigError} if sealing is required and there is no key.
 */
export function requireSealing(kind: StoreKind, keys: readonly SealingKey[]): void {
  if (kind === 'sqlite' || keys.length > 0) return
  throw new ConfigError([
    'secretKey: must be set with PostgreSQL: make a key with "tilepass secret-key create", and set TILEPASS_SECRET_KEY or TILEPASS_SECRET_KEY_FILE to it (given: nothing)',
  ])
}
