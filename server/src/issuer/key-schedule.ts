import type { SigningKeyRow } from '../store/signing-keys.ts'
import { MAX_API_SECONDS } from './kinds.ts'

/** How long verifiers may cache our key set, in seconds. */
export const KEY_SET_MAX_AGE_SECONDS = 3600
/** How long a key is published before it signs, in ms; the minute is for processes that notice late. */
const PUBLISHED_AHEAD = (KEY_SET_MAX_AGE_SECONDS + 60) * 1000
/** How long a key stays published after its last signature, in ms: the longest lifetime and a leeway. */
const KEPT_AFTER = MAX_API_SECONDS * 1000 + 60_000

/** When a key that is added now begins to sign; epoch ms. */
export function toSigningStart(now: number): number {
  return now + PUBLISHED_AHEAD
}

/**
 * Selects the key that signs now. If every key begins later, the one that begins first signs already.
 *
 * @param rows The key that signs last first.
 * @throws `Error` if there is no key.
 */
export function selectSigner(rows: readonly SigningKeyRow[], now: number): SigningKeyRow {
  const signer = rows.find(({ signs_from }) => signs_from <= now) ?? rows.at(-1)
  if (!signer) throw new Error('The store has lost its signing keys')
  return signer
}

/** Must verifiers still know this key? A key signs until the key before it in the list begins. */
export function isPublished(
  row: SigningKeyRow,
  rows: readonly SigningKeyRow[],
  now: number,
): boolean {
  const successor = rows[rows.indexOf(row) - 1]
  return successor === undefined || now < successor.signs_from + KEPT_AFTER
}

/** When the next key begins to sign, or stops being published; epoch ms, `Infinity` if none does. */
export function toNextTurn(rows: readonly SigningKeyRow[], now: number): number {
  const turns = rows.flatMap(({ signs_from }) => [signs_from, signs_from + KEPT_AFTER])
  return Math.min(...turns.filter((at) => at > now), Number.POSITIVE_INFINITY)
}
