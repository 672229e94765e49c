import type { AuditedChange } from '../store/audit.ts'
import { readEarlierNow } from '../store/earlier-clock.ts'
import type { Store } from '../store/open.ts'
import {
  listSigningKeyRows,
  replaceSigningKeys,
  type SigningKeyRow,
} from '../store/signing-keys.ts'
import { takeTurn } from '../store/transact.ts'
import { isPublished, selectSigner, toSigningStart } from './key-schedule.ts'
import type { SigningAlgorithm } from './signature.ts'
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

/** A rotation that is to be made. */
export interface PreparedRotation {
  readonly key: SigningKeyRow
  /** The key that it follows, as far as is known. */
  readonly follows: string | undefined
}

/**
 * Generates the key for a rotation: it signs once every verifier can know it. Generating is slow, so
 * it happens before the change.
 */
export async function prepareRotation(
  store: Store,
  now: number,
  algorithm?: SigningAlgorithm,
): Promise<PreparedRotation> {
  const [newest] = await listOrCreateSigningKeys(store, now, algorithm)
  const key = await createSigningKey(now, toSigningStart(now), algorithm)
  return { key, follows: newest?.kid }
}

/** Another process has rotated since the rotation was prepared: its key is as good as ours. */
export class RotatedMeanwhileError extends Error {
  readonly added: KeySummary

  constructor(added: KeySummary) {
    super('Another process has rotated the keys meanwhile')
    this.added = added
  }
}

/**
 * Adds a key, and removes the keys whose last token has expired. Rotations that are prepared at the same
 * time, by any processes, add one key together.
 *
 * @param isAtTerminal Is it the operator who rotates, at the terminal?
 * @returns `undefined` if there are too many keys.
 * @throws {@link RotatedMeanwhileError}
 */
export async function rotateSigningKeys(
  change: AuditedChange,
  { key, follows }: PreparedRotation,
  isAtTerminal: boolean,
  now: number,
): Promise<KeySummary | undefined> {
  await takeTurn(change, 'signing keys')
  const rows = await listSigningKeyRows(change)
  const newest = rows[0]
  if (newest && newest.kid !== follows && newest.signs_from > now)
    throw new RotatedMeanwhileError(toSummary(newest, 'waiting'))
  const at = await readEarlierNow(change, now)
  const old = rows.filter((row) => !isPublished(row, rows, at)).map(({ kid }) => kid)
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
