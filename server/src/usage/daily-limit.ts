import { toNextMidnight } from './day.ts'
import { DailyLimitError } from './errors.ts'
import type { DailyCount } from './limit-headers.ts'
import type { CountedToken, Usage } from './usage.ts'

/** Limits the uses of an organisation in a day. */
export interface DailyLimit {
  /** Counts one use. @throws {@link DailyLimitError} past the limit; then nothing was counted. */
  consume(token: CountedToken): Promise<DailyCount>
}

/** Creates a limit of `limit` uses per day and organisation, shared by all processes on one store. */
export function createDailyLimit(
  usage: Pick<Usage, 'recordWithin'>,
  use: string,
  limit: number,
  now: () => number,
): DailyLimit {
  return {
    consume: async (token) => {
      const count = await usage.recordWithin(token, use, limit)
      const resetsAt = toNextMidnight(now())
      if (count === undefined) throw new DailyLimitError(limit, resetsAt, now())
      return { limit, remaining: limit - count, resetsAt }
    },
  }
}
