import { UnavailableError } from '../errors.ts'
import type { AuditedChange } from '../store/audit.ts'
import type { Change } from '../store/changes.ts'
import { readEarlierNow } from '../store/earlier-clock.ts'
import { lockNewSecret } from '../store/lock-secrets.ts'
import { findLastFamilyEnd } from '../store/login-families.ts'
import type { Connection, SealedConnection } from '../store/open.ts'
import {
  addSecretKey,
  deleteSecretKeys,
  listSecretKeyRows,
  retireSecretKey,
  type SecretKeyRow,
} from '../store/secret-keys.ts'
import { DEVICE_SECONDS, MAX_SESSION_SECONDS } from './kinds.ts'
import { createSecretKey, hasEnded, isSecretPurpose, type SecretPurpose } from './secret-keys.ts'

/** What may be shown of a secret key; times are epoch ms. */
export interface SecretKeySummary {
  readonly id: string
  readonly created_at: number
  /** `null` while it signs. */
  readonly replaced_at: number | null
  /** When the last of what it signed expires; `null` while it signs, and if that is never. */
  readonly ends_at: number | null
}

/** What a rotation did: the key that it replaced, or else the oldest one, because there are too many. */
export interface SecretRotation {
  readonly retired?: SecretKeySummary | undefined
  readonly oldest?: SecretKeySummary | undefined
}

/** Most keys of one purpose: each verification tries all of them. */
const MAX_KEYS = 10
/** For what was signed by a process that had not noticed the rotation yet; ms. */
const MARGIN = 60_000

/** Lists the keys of a purpose without their secrets: the one that signs first. */
export async function listSecretKeys(
  connection: SealedConnection,
  purpose: SecretPurpose,
): Promise<readonly SecretKeySummary[]> {
  return (await listSecretKeyRows(connection, purpose)).map(toSummary)
}

/**
 * Adds a key that signs from now on, and deletes those that have ended; the others still verify.
 *
 * @throws `UnavailableError` if another rotation was faster.
 */
export async function rotateSecretKey(
  change: AuditedChange,
  purpose: SecretPurpose,
  now: number,
): Promise<SecretRotation> {
  await lockNewSecret(change)
  const rows = await listSecretKeyRows(change, purpose)
  const at = await readEarlierNow(change, now)
  const ended = rows.filter((row) => hasEnded(row, at)).map(({ id }) => id)
  if (rows.length - ended.length >= MAX_KEYS) {
    const oldest = rows.at(-1)
    return { oldest: oldest && toSummary(oldest) }
  }
  const current = rows.find(({ replaced_at }) => replaced_at === null)
  // The clock may have been set back meanwhile, or be wrong now.
  const endsAt = await findEnd(change, purpose, Math.max(now, current?.created_at ?? 0))
  if (current && !(await retireSecretKey(change, current.id, now, endsAt)))
    throw new UnavailableError()
  await addKey(change, purpose, now)
  await deleteSecretKeys(change, ended)
  for (const target of ended)
    await change.audit({ action: 'key.remove', target, detail: 'what it signed has expired' })
  return { retired: current && toSummary({ ...current, replaced_at: now, ends_at: endsAt }) }
}

/** Replaces every key by a new one: whatever they have signed ends. @throws `UnavailableError` */
export async function revokeSecretKeys(
  change: Change,
  purpose: SecretPurpose,
  now: number,
): Promise<void> {
  await lockNewSecret(change)
  const rows = await listSecretKeyRows(change, purpose)
  await deleteSecretKeys(
    change,
    rows.map(({ id }) => id),
  )
  await addKey(change, purpose, now)
}

/**
 * Revokes one key: whatever it has signed ends. If it was signing, a new one signs from now on.
 *
 * @returns `false` if there is no such key.
 */
export async function revokeSecretKey(change: Change, id: string, now: number): Promise<boolean> {
  await lockNewSecret(change)
  const [deleted] = await deleteSecretKeys(change, [id])
  if (!deleted || !isSecretPurpose(deleted.purpose)) return false
  if (deleted.replaced_at === null) await addKey(change, deleted.purpose, now)
  change.noteWrite()
  return true
}

/** @throws `UnavailableError` if another change was faster: it undoes this one. */
async function addKey(change: Change, purpose: SecretPurpose, now: number): Promise<void> {
  if (!(await addSecretKey(change, createSecretKey(purpose, now)))) throw new UnavailableError()
  change.noteWrite()
}

/** When the last of what a key has signed until now expires, in epoch ms; `null` if that is never. */
async function findEnd(
  connection: Connection,
  purpose: SecretPurpose,
  now: number,
): Promise<number | null> {
  switch (purpose) {
    case 'mapbox':
      return null
    case 'refresh': {
      // A session that is opened this moment refreshes within a day, by the new key.
      const soonest = now + MAX_SESSION_SECONDS * 1000
      return Math.max(await findLastFamilyEnd(connection), soonest) + MARGIN
    }
    case 'device':
      return now + DEVICE_SECONDS * 1000 + MARGIN
  }
}

function toSummary({ id, created_at, replaced_at, ends_at }: SecretKeyRow): SecretKeySummary {
  return { id, created_at, replaced_at, ends_at }
}
