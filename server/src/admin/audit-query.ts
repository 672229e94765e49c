import { findSeconds } from '../settings/duration.ts'

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * The instant that a text names: a date or a time of ISO 8601 with its zone, or an age such as `24h`.
 * A date begins at midnight UTC.
 *
 * @returns Epoch ms; `undefined` for any other text.
 */
export function findAuditTime(text: string, now: number): number | undefined {
  const age = /^\d{1,6}[smhd]$/.test(text) ? findSeconds(text) : undefined
  if (age !== undefined) return now - age * 1000
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse() moves the 30th of February to March.
  const isReal = new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(text.slice(8, 10))
  return Number.isNaN(at) || !isReal ? undefined : at
}

/** Can this be an action, or the part before its dot? */
export function isAuditAction(text: string): boolean {
  return /^[a-z]+(\.[a-z]+(-[a-z]+)*)?$/.test(text)
}
