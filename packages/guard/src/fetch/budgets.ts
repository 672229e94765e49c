import { type BudgetOptions, type Budgets, createBudgets } from '../budgets/budgets.ts'

/**
 * Creates budgets that are counted per isolate. An edge runs many, so they bound what one token costs a
 * machine, and count nothing exactly. To count for all of them, pass `{ consume }` of your own.
 *
 * @throws `TypeError` or `RangeError` for invalid options. `write` is one: it needs timers and promises
 *   that outlive a request.
 */
export function createIsolateBudgets(
  options: Omit<BudgetOptions, 'write' | 'onError'>,
): Pick<Budgets, 'consume'> {
  if ('write' in Object(options))
    throw new TypeError('"write" is not an option of createBudgets() in fetch runtimes')
  return createBudgets(options)
}
