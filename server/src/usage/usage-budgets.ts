import { type Budgets, toDayExceeded } from '@tilepass/guard'
import type { Usage } from './usage.ts'

/** What usage is counted with. */
export interface UsageBudgetsParts {
  /** The limits of single tokens. */
  readonly budgets: Budgets
  readonly usage: Pick<Usage, 'record' | 'recordWithin' | 'flush'>
  /** Tiles per day and organisation; not limited if absent. */
  readonly tilesPerDay: number | undefined
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Creates budgets for tiles that other servers serve. Each tile counts for its token and for the day
 * of its organisation, like a tile of the broker's own, and is stored with them.
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
