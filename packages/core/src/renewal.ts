/** Two exchanges never depart closer together than this, whatever the lifetime (ms). */
export const MIN_INTERVAL = 500
const MAX_BACKOFF = 30_000
const MAX_RETRY_AFTER = 3_600_000
const MAX_MARGIN = 60_000
const MAX_JITTER = 30_000

/** Everything that decides when the next exchange is due. All times are ms on one clock. */
export interface RenewalSituation {
  readonly now: number
  /** When the last exchange departed. */
  readonly departedAt: number
  /** When it was answered or given up. */
  readonly endedAt: number
  /** Failed exchanges in a row, 0 after a success. */
  readonly failures: number
  /** Milliseconds of the last failure's Retry-After. */
  readonly retryAfter?: number | undefined
  /** The token in hand while it is valid: its whole lifetime and what remains of it. */
  readonly held?: { readonly lifetime: number; readonly remaining: number } | undefined
  /** Set when the last exchange returned the token in hand: milliseconds between the last two exchanges. */
  readonly repeatedAfter?: number | undefined
  /** 0 ≤ random < 1, drawn once per exchange. */
  readonly random: number
}

/** How early a token of this lifetime is renewed: a margin relative to the lifetime, plus jitter (ms). */
export function renewalLead(lifetime: number, random: number): number {
  return Math.min(lifetime / 5, MAX_MARGIN) + random * Math.min(lifetime / 10, MAX_JITTER)
}

/**
 * The one rule for when the next exchange is due; pure.
 *
 * After a success: a margin before expiry. If the endpoint returned the same token again, no sooner than
 * the previous interval. After a failure: Retry-After, otherwise exponential backoff with jitter. While a
 * valid token remains there is no hurry: at least an eighth of its remaining time passes first.
 */
export function nextAttemptAt(situation: RenewalSituation): number {
  const {
    now,
    departedAt,
    endedAt,
    failures,
    retryAfter,
    held,
    repeatedAfter = 0,
    random,
  } = situation
  const earliest = departedAt + MIN_INTERVAL
  if (failures > 0) {
    // Retry-After of 0, or a date in the past, leaves the delay to us.
    if (retryAfter) {
      return Math.max(
        earliest,
        endedAt + Math.min(retryAfter, MAX_RETRY_AFTER) + random * MIN_INTERVAL,
      )
    }
    const backoff = Math.min(MIN_INTERVAL * 2 ** (failures - 1), MAX_BACKOFF) * (1 - random / 2)
    return Math.max(earliest, endedAt + Math.max(backoff, (held?.remaining ?? 0) / 8))
  }
  if (!held) return earliest
  return Math.max(
    earliest,
    departedAt + repeatedAfter,
    now + held.remaining - renewalLead(held.lifetime, random),
  )
}
