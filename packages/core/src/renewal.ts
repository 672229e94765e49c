/** Two exchanges never leave closer together than this, whatever the lifetime (ms). */
export const MIN_INTERVAL = 500
const MAX_BACKOFF = 30_000
const MAX_RETRY_AFTER = 3_600_000
const MAX_MARGIN = 60_000
const MAX_JITTER = 30_000

/** Everything that decides when to ask the broker next. All times are ms on one clock. */
export interface RenewalSituation {
  readonly now: number
  /** When the last exchange left. */
  readonly left: number
  /** When its answer came, or the attempt was given up. */
  readonly ended: number
  /** Attempts that have failed in a row, 0 after a success. */
  readonly failures: number
  /** Milliseconds of the last failure's Retry-After. */
  readonly retryAfter?: number | undefined
  /** The token in hand while it is valid: its whole lifetime, and what is left of it. */
  readonly held?: { readonly lifetime: number; readonly left: number } | undefined
  /** The last answer repeated the token that we had: milliseconds between the last two exchanges. */
  readonly repeatedAfter?: number | undefined
  /** 0 ≤ random < 1, drawn once per attempt. */
  readonly random: number
}

/** How early a token of this lifetime is renewed: a margin relative to it, plus jitter (ms). */
export function renewalLead(lifetime: number, random: number): number {
  return Math.min(lifetime / 5, MAX_MARGIN) + random * Math.min(lifetime / 10, MAX_JITTER)
}

/**
 * The one rule for when to ask next; pure.
 *
 * After a success: a margin before expiry, and never sooner than after the interval before when the
 * answer was no newer token. After a failure: Retry-After, else exponential backoff with jitter; while
 * a valid token remains there is no hurry, and at least an eighth of what is left passes first.
 */
export function nextAttemptAt(situation: RenewalSituation): number {
  const { now, left, ended, failures, retryAfter, held, repeatedAfter = 0, random } = situation
  const earliest = left + MIN_INTERVAL
  if (failures > 0) {
    // 0, or a date that has passed, leaves it to us.
    if (retryAfter) {
      return Math.max(
        earliest,
        ended + Math.min(retryAfter, MAX_RETRY_AFTER) + random * MIN_INTERVAL,
      )
    }
    const backoff = Math.min(MIN_INTERVAL * 2 ** (failures - 1), MAX_BACKOFF) * (1 - random / 2)
    return Math.max(earliest, ended + Math.max(backoff, (held?.left ?? 0) / 8))
  }
  if (!held) return earliest
  return Math.max(
    earliest,
    left + repeatedAfter,
    now + held.left - renewalLead(held.lifetime, random),
  )
}
