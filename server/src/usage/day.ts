/** A day in ms. Days are UTC and have no leap seconds in epoch time. */
export const DAY = 86_400_000

/** The UTC day of an instant in epoch ms, as in 2026-01-31. */
export function toDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}

/** The next 00:00 UTC after an instant; both in epoch ms. */
export function toNextMidnight(epochMs: number): number {
  return (Math.floor(epochMs / DAY) + 1) * DAY
}
