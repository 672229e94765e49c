import { toKeyRevocationId } from '@tilepass/guard/broker'
import type { AuditedChange } from '../store/audit.ts'
import {
  countApiTokens,
  listSigningKeyRows,
  replaceSigningKeys,
  type SigningKeyRow,
} from '../store/signing-keys.ts'
import { takeTurn } from '../store/transact.ts'
import { type KeySummary, toSummary } from './key-rotation.ts'
import { selectSigner } from './key-schedule.ts'
import { MAX_API_SECONDS } from './kinds.ts'
import type { SigningAlgorithm } from './signature.ts'
import { createSigningKey } from './signing-keys.ts'

/** What ended with a signing key. */
export interface KeyRevocation {
  readonly kid: string
  /** The key that signs from now on in its place; `undefined` if another one was signing already. */
  readonly successor: KeySummary | undefined
  /** How many API tokens ended. All other tokens that the key signed ended as well. */
  readonly apiTokens: number
}

/** A new key that signs at once, in case the revoked one is the signer. Generating it is slow. */
export function prepareSuccessor(
  now: number,
  algorithm?: SigningAlgorithm,
): Promise<SigningKeyRow> {
  return createSigningKey(now, now, algorithm)
}

/**
 * Revokes a signing key: every token that it has signed ends, forged ones as well. If it was signing,
 * another key signs at once, without the hour in which verifiers learn of it.
 *
 * @param key Of {@link prepareSuccessor}.
 * @returns `undefined` if there is no such key.
 */
export async function revokeSigningKey(
  change: AuditedChange,
  kid: string,
  key: SigningKeyRow,
  now: number,
): Promise<KeyRevocation | undefined> {
  await takeTurn(change, 'signing keys')
  const rows = await listSigningKeyRows(change)
  const row = rows.find((each) => each.kid === kid)
  if (!row) return
  const successor = selectSigner(rows, now) === row ? key : undefined
  const until = Math.min(rows[rows.indexOf(row) - 1]?.signs_from ?? now, now)
  const apiTokens = await countApiTokens(change, { from: row.signs_from, until: until + 1, now })
  await replaceSigningKeys(change, [kid], successor)
  // For guards elsewhere, which keep a key set for minutes, or for a day if they cannot fetch it. Forged
  // tokens end when their forger wants, so this does not depend on those that we signed.
  const expiresAt = now + MAX_API_SECONDS * 1000
  await change.revoke(toKeyRevocationId(kid), { at: now, expiresAt })
  if (successor) await change.audit({ action: 'key.create', target: successor.kid })
  return { kid, successor: successor && toSummary(successor, 'signing'), apiTokens }
}
