import type { SigningKeyRow } from '../store/signing-keys.ts'
import { MAX_ACCESS_SECONDS, MAX_API_SECONDS, MAX_SESSION_SECONDS } from './kinds.ts'

/** How long verifiers may cache our key set, in seconds. */
export const KEY_SET_MAX_AGE_SECONDS = 3600
/** How long a key is published before it signs, in ms; the minute is for processes that notice late. */
const PUBLISHED_AHEAD = (KEY_SET_MAX_AGE_SECONDS + 60) * 1000
/** Longest lifetime of tokens that are made by the thousand, so that none of them is noted; ms. */
const LONGEST_UNNOTED = Math.max(MAX_ACCESS_SECONDS, MAX_SESSION_SECONDS) * 1000
/** Leeway of verifiers, and time for a token that is being signed when its key stops to sign; ms. */
const MARGIN = 60_000

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

/**
 * When the last token has expired that a key can have signed; epoch ms. A key signs until the key before
 * it in the list begins; `Infinity` if there is none.
 */
export function toKeyEnd(row: SigningKeyRow, rows: readonly SigningKeyRow[]): number {
  const successor = rows[rows.indexOf(row) - 1]
  if (!successor) return Number.POSITIVE_INFINITY
  const lastApiToken = row.last_exp ?? successor.signs_from + MAX_API_SECONDS * 1000
  return Math.max(successor.signs_from + LONGEST_UNNOTED, lastApiToken) + MARGIN
}

/** Must verifiers still know this key? */
export function isPublished(
  row: SigningKeyRow,
  rows: readonly SigningKeyRow[],
  now: number,
): boolean {
  return now < toKeyEnd(row, rows)
}

/** When the next key begins to sign, or stops being published; epoch ms, `Infinity` if none does. */
export function toNextTurn(rows: readonly SigningKeyRow[], now: number): number {
  const turns = rows.flatMap((row) => [row.signs_from, toKeyEnd(row, rows)])
  return Math.min(...turns.filter((at) => at > now), Number.POSITIVE_INFINITY)
}
