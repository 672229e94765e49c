import { type Budgets, toDayExceeded } from '@tilepass/guard'
import type { Usage } from './usage.ts'

/** What usage is counted with. */
export interface UsageBudgetsParts {
  /** What one token may use. */
  readonly budgets: Budgets
  readonly usage: Usage
  /** Tiles a day and organisation. */
  readonly tilesPerDay: number | undefined
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Budgets for tiles that other servers serve: each counts for its token and its organisation's day
 * like one of our own, and is written out with them.
 */
export function createUsageBudgets(parts: UsageBudgetsParts): Budgets {
  const { budgets, usage, tilesPerDay, now } = parts
  return {
    consume: async (claims, isTile) => {
      await budgets.consume(claims, isTile)
      if (!isTile) return
      if (tilesPerDay === undefined) return usage.record(claims, 'tiles')
      const count = await usage.recordWithin(claims, 'tiles', tilesPerDay)
      if (count === undefined) throw toDayExceeded(tilesPerDay, now())
    },
    flush: usage.flush,
  }
}
