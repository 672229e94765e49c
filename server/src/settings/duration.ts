const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/**
 * The seconds of a duration as people type it: `90d`, `12h`, `30m` or `45s`. A number alone is none: some
 * mean hours, others seconds.
 *
 * @returns `undefined` for any other text.
 */
export function findSeconds(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,10})([smhd])$/.exec(text) ?? []
  if (unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return
  return count === undefined ? undefined : Number(count) * UNITS[unit]
}
