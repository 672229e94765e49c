import { expect } from 'vitest'
import {
  BudgetExceededError,
  type BudgetOptions,
  createBudgets,
  type TokenClaims,
} from '../../src/index.ts'
import { goodClaims, NOW } from './issuer.ts'

export const claims: TokenClaims = goodClaims()

/** Budgets with their own clock. */
export function startBudgets(options: BudgetOptions) {
  const clock = { now: NOW }
  const budgets = createBudgets({ now: () => clock.now, ...options })
  /** Makes so many requests; resolves to the number that passed. */
  const consume = async (count: number, who: Partial<TokenClaims> = {}, isTile = true) => {
    let passed = 0
    for (let at = 0; at < count; at++)
      try {
        await budgets.consume({ ...claims, ...who }, isTile)
        passed++
      } catch (error) {
        expect(error).toBeInstanceOf(BudgetExceededError)
      }
    return passed
  }
  return { clock, budgets, consume }
}
