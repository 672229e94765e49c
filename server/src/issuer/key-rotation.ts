import type { AuditedChange } from '../store/audit.ts'
import type { Store } from '../store/open.ts'
import {
  listSigningKeyRows,
  replaceSigningKeys,
  type SigningKeyRow,
} from '../store/signing-keys.ts'
import { isPublished, selectSigner, toSigningStart } from './key-schedule.ts'
import { createSigningKey, listOrCreateSigningKeys } from './signing-keys.ts'

/** What may be shown of a signing key. */
export interface KeySummary {
  readonly kid: string
  readonly algorithm: string
  readonly created_at: number
  /** Epoch ms; in the future while verifiers may not know the key yet. */
  readonly signs_from: number
  readonly state: 'waiting' | 'signing' | 'retired'
}

/** Most keys at once: verifiers refuse key sets that are too long, ours those over 64 KiB. */
const MAX_KEYS = 100
/**
 * Most keys that administration over HTTP adds, so that whoever holds such a token cannot keep the
 * operator at the terminal from rotating.
 */
const MAX_KEYS_OVER_HTTP = 50

/** Lists the signing keys without their secrets, the newest first. */
export async function listSigningKeys(store: Store, now: number): Promise<readonly KeySummary[]> {
  const rows = await listSigningKeyRows(store)
  if (rows.length === 0) return []
  const signer = selectSigner(rows, now)
  return rows.map((row) => {
    const state = row === signer ? 'signing' : row.signs_from > now ? 'waiting' : 'retired'
    return toSummary(row, state)
  })
}

/**
 * Generates the key for a rotation: it signs once every verifier can know it. Generating is slow, so
 * it happens before the change.
 */
export async function prepareRotation(store: Store, now: number): Promise<SigningKeyRow> {
  await listOrCreateSigningKeys(store, now)
  return createSigningKey(now, toSigningStart(now))
}

/**
 * Adds a key, and removes the keys whose last token has expired.
 *
 * @param key Of {@link prepareRotation}.
 * @param isAtTerminal Is it the operator who rotates, at the terminal?
 * @returns `undefined` if there are too many keys.
 */
export async function rotateSigningKeys(
  change: AuditedChange,
  key: SigningKeyRow,
  isAtTerminal: boolean,
  now: number,
): Promise<KeySummary | undefined> {
  const rows = await listSigningKeyRows(change)
  const old = rows.filter((row) => !isPublished(row, rows, now)).map(({ kid }) => kid)
  const most = isAtTerminal ? MAX_KEYS : MAX_KEYS_OVER_HTTP
  if (rows.length - old.length >= most) return
  await replaceSigningKeys(change, old, key)
  for (const kid of old)
    await change.audit({ action: 'key.remove', target: kid, detail: 'its last token has expired' })
  return toSummary(key, 'waiting')
}

export function toSummary(
  { kid, algorithm, created_at, signs_from }: SigningKeyRow,
  state: KeySummary['state'],
): KeySummary {
  return { kid, algorithm, created_at, signs_from, state }
}
