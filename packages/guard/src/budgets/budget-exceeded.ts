import { GuardError, toRetryAfter } from '../errors.ts'
import { nextUtcDay, toDailyLimitHeaders } from './daily-limit.ts'

/**
 * 429 `BUDGET_EXCEEDED`: the token or its organisation has used up a budget. With `Retry-After` where
 * waiting helps, and Geog's headers for a daily limit.
 */
export class BudgetExceededError extends GuardError {
  constructor(headers: Readonly<Record<string, string>>) {
    super('The budget is used up', {
      status: 429,
      code: 'BUDGET_EXCEEDED',
      reason: 'Too Many Requests',
      headers,
    })
  }
}

/** The refusal for an organisation that has used up its daily limit. @param now Epoch ms. */
export function toDayExceeded(limit: number, now: number): BudgetExceededError {
  const resetsAt = nextUtcDay(now)
  return new BudgetExceededError({
    ...toRetryAfter((resetsAt - now) / 1000),
    ...toDailyLimitHeaders({ limit, remaining: 0, resetsAt }),
  })
}
