import { randomBytes } from 'node:crypto'
import type { Change } from '../store/changes.ts'
import type { Connection, Store } from '../store/open.ts'
import { findSetting, initSetting, setSetting } from '../store/settings.ts'
import { createWatch } from '../store/watch.ts'

/** What a secret key signs that only this broker verifies. */
export type SecretPurpose = 'mapbox' | 'refresh' | 'device'

/** The secret keys, by the name that operators use: where each is stored, and what ends with it. */
export const SECRET_KEYS: Readonly<
  Record<SecretPurpose, { readonly setting: string; readonly signs: string }>
> = {
  mapbox: { setting: 'mapbox_key', signs: 'Mapbox tokens (pk, sk and tk)' },
  refresh: { setting: 'refresh_secret', signs: 'refresh tokens' },
  device: { setting: 'device_secret', signs: 'device cookies' },
}

/** The secret keys of one purpose, of 256 bits each. */
export interface SecretKeys {
  /** The newest first: it signs, and all of them verify. */
  readonly all: readonly Uint8Array[]
  /** Loads what any process has changed; nearly free. */
  refresh(): Promise<void>
}

/** Most keys of one purpose: each verification tries all of them. */
const MAX_KEYS = 10
const SEPARATOR = ','
const MIN_BYTES = 16

/** Loads the keys of a purpose, and creates the first one; of two concurrent first runs one wins. */
export async function loadSecretKeys(
  connection: Connection,
  purpose: SecretPurpose,
): Promise<SecretKeys> {
  const all = parseKeys(await initSetting(connection, SECRET_KEYS[purpose].setting, createKey()))
  return { all, refresh: async () => undefined }
}

/** Loads the keys of a purpose for a process that keeps running, at the first `refresh()`. */
export function watchSecretKeys(store: Store, purpose: SecretPurpose): SecretKeys {
  let all: readonly Uint8Array[] = []
  const watch = createWatch(store, async () => {
    all = (await loadSecretKeys(store, purpose)).all
  })
  return {
    get all() {
      return all
    },
    refresh: watch.update,
  }
}

/**
 * Adds a key that signs from now on; the others still verify.
 *
 * @returns `false` if there are too many keys.
 */
export async function rotateSecretKey(change: Change, purpose: SecretPurpose): Promise<boolean> {
  const { setting } = SECRET_KEYS[purpose]
  const stored = (await findSetting(change, setting))?.split(SEPARATOR) ?? []
  if (stored.length >= MAX_KEYS) return false
  await setSetting(change, setting, [createKey(), ...stored].join(SEPARATOR))
  return true
}

/** Replaces every key by a new one: whatever they have signed ends. */
export async function revokeSecretKeys(change: Change, purpose: SecretPurpose): Promise<void> {
  await setSetting(change, SECRET_KEYS[purpose].setting, createKey())
}

/** Is this the name of a secret key? */
export function isSecretPurpose(name: string): name is SecretPurpose {
  return Object.hasOwn(SECRET_KEYS, name)
}

const createKey = () => randomBytes(32).toString('base64url')

function parseKeys(setting: string): readonly Uint8Array[] {
  const keys = setting.split(SEPARATOR).map((key) => Buffer.from(key, 'base64url'))
  if (keys.some(({ length }) => length < MIN_BYTES))
    throw new RangeError('A secret key must have at least 128 bits')
  return keys
}
