const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/**
 * The seconds of a duration as people type it: `90d`, `12h`, `30m`, `45s`, or a number of seconds.
 *
 * @returns `undefined` for any other text.
 */
export function findSeconds(text: string): number | undefined {
  const [, count, unit = 's'] = /^(\d{1,10})([smhd])?$/.exec(text) ?? []
  if (unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return
  return count === undefined ? undefined : Number(count) * UNITS[unit]
}
