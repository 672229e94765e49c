const DAY = 86_400_000

/** An organisation's use of a daily limit. */
export interface DailyLimitState {
  readonly limit: number
  readonly remaining: number
  /** Epoch ms of the next 00:00 UTC. */
  readonly resetsAt: number
}

/** The UTC day of an instant, as in `2026-01-31`. */
export function toUtcDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}

/** The next 00:00 UTC after an instant. Both in epoch ms. */
export function nextUtcDay(epochMs: number): number {
  return (Math.floor(epochMs / DAY) + 1) * DAY
}

/** The response headers that tell clients of the limit, as Geog names them; the reset is ISO 8601. */
export function toDailyLimitHeaders({
  limit,
  remaining,
  resetsAt,
}: DailyLimitState): Readonly<Record<string, string>> {
  return {
    'X-RateLimit-Tiles-Limit': String(limit),
    'X-RateLimit-Tiles-Remaining': String(remaining),
    'X-RateLimit-Tiles-Reset': new Date(resetsAt).toISOString().replace('.000Z', 'Z'),
  }
}
