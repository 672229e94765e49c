import { randomBytes } from 'node:crypto'
import { applyChange } from '../store/changes.ts'
import type { Store } from '../store/open.ts'
import { addSecretKey, listSecretKeyRows, type SecretKeyRow } from '../store/secret-keys.ts'
import { createWatch } from '../store/watch.ts'

/** What a secret key signs that only this broker verifies. */
export type SecretPurpose = 'mapbox' | 'refresh' | 'device'

/** What ends with the keys of a purpose, by the name that operators use. */
export const SECRET_KEYS: Readonly<Record<SecretPurpose, string>> = {
  mapbox: 'Mapbox tokens (pk, sk and tk)',
  refresh: 'refresh tokens',
  device: 'device cookies',
}

/** The secret keys of one purpose, of 256 bits each. */
export interface SecretKeys {
  /** Those that have not ended, the newest first: it signs, and all of them verify. */
  readonly all: readonly Uint8Array[]
  /** Loads what any process has changed; nearly free. */
  refresh(): Promise<void>
}

const MIN_BYTES = 16

/** Loads the keys of a purpose, and creates the first one; of two concurrent first runs one wins. */
export async function loadSecretKeys(
  store: Store,
  purpose: SecretPurpose,
  now: number,
): Promise<SecretKeys> {
  const all = toSecrets(await listOrCreate(store, purpose, now), now)
  return { all, refresh: async () => undefined }
}

/** Loads the keys of a purpose for a process that keeps running, at the first `refresh()`. */
export function watchSecretKeys(
  store: Store,
  purpose: SecretPurpose,
  now: () => number,
): SecretKeys {
  let rows: readonly SecretKeyRow[] = []
  const watch = createWatch(store, async () => {
    rows = await listOrCreate(store, purpose, now())
  })
  return {
    get all() {
      return toSecrets(rows, now())
    },
    refresh: watch.update,
  }
}

/** Makes a key that signs from now on. No id of a signing key has a dot. */
export function createSecretKey(purpose: SecretPurpose, now: number): SecretKeyRow {
  return {
    id: `${purpose}.${randomBytes(8).toString('hex')}`,
    purpose,
    secret: randomBytes(32).toString('base64url'),
    created_at: now,
    replaced_at: null,
    ends_at: null,
  }
}

/** Has everything expired that this key signed? */
export function hasEnded({ ends_at: endsAt }: Pick<SecretKeyRow, 'ends_at'>, now: number): boolean {
  return endsAt !== null && endsAt <= now
}

/** Is this the name of a purpose? */
export function isSecretPurpose(name: string): name is SecretPurpose {
  return Object.hasOwn(SECRET_KEYS, name)
}

async function listOrCreate(
  store: Store,
  purpose: SecretPurpose,
  now: number,
): Promise<readonly SecretKeyRow[]> {
  const rows = await listSecretKeyRows(store, purpose)
  if (rows.length > 0) return rows
  await applyChange(store, (change) => addSecretKey(change, createSecretKey(purpose, now)))
  return listSecretKeyRows(store, purpose)
}

function toSecrets(rows: readonly SecretKeyRow[], now: number): readonly Uint8Array[] {
  const keys = rows
    .filter((row) => !hasEnded(row, now))
    .map(({ secret }) => Buffer.from(secret, 'base64url'))
  if (keys.some(({ length }) => length < MIN_BYTES))
    throw new RangeError('A secret key must have at least 128 bits')
  return keys
}
