import type { DailyCount } from './daily-count.ts'
import { DailyLimitError } from './errors.ts'
import type { Usage, User } from './usage.ts'

const DAY = 86_400_000

/** Counts uses per organisation and day. */
export interface DailyLimit {
  /** @throws {@link DailyLimitError} past the limit. */
  consume(user: User): Promise<DailyCount>
}

/** Creates a limit of so many uses a day and organisation, in all processes on one store. */
export function createDailyLimit(
  usage: Usage,
  use: string,
  limit: number,
  now: () => number,
): DailyLimit {
  return {
    consume: async (user) => {
      const count = await usage.recordWithin(user, use, limit)
      const resetsAt = (Math.floor(now() / DAY) + 1) * DAY
      if (count === undefined) throw new DailyLimitError(limit, resetsAt, now())
      return { limit, remaining: limit - count, resetsAt }
    },
  }
}
