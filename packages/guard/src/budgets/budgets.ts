import { GuardError } from '../errors.ts'
import { assertOptions, functionRule, type OptionRules } from '../options/option-rules.ts'
import type { TokenClaims } from '../token/claims.ts'
import { createDailyCounts, type WriteCounts } from './daily-counts.ts'

/** Settings of {@link createBudgets}; what is absent is not limited. */
export interface BudgetOptions {
  /** Tiles that one token may fetch. */
  readonly tilesPerToken?: number | undefined
  /** Requests a second and token, as many at once; of less than one, one at once. */
  readonly requestsPerSecond?: number | undefined
  /** Tiles a day (UTC) and organisation. */
  readonly tilesPerDay?: number | undefined
  /** Keeps the counts of days, for restarts and other processes. Default: in memory alone. */
  readonly write?: WriteCounts
  /** Told of each failure of `write`; what could not be written is tried again. */
  readonly onError?: (error: unknown) => void
  /** Epoch ms. */
  readonly now?: () => number
}

const limitRule = {
  isValid: (value: unknown) => typeof value === 'number' && value > 0,
  rule: 'must be a positive number',
}

const RULES: OptionRules<BudgetOptions> = {
  tilesPerToken: limitRule,
  requestsPerSecond: limitRule,
  tilesPerDay: limitRule,
  write: functionRule,
  onError: functionRule,
  now: functionRule,
}

/** What tokens may still use. Several guards can share one. */
export interface Budgets {
  /** Counts a request. @throws {@link BudgetExceededError} past a limit. */
  consume(claims: TokenClaims, isTile: boolean): void | Promise<void>
  /** Writes out what is only in memory. */
  flush(): Promise<void>
}

/** 429 `BUDGET_EXCEEDED`, with `Retry-After` where waiting helps, and Geog's headers for a day. */
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

/** Says that an organisation's day is over, as Geog's clients read it. */
export function toDayExceeded(limit: number, now: number): BudgetExceededError {
  const resetsAt = (Math.floor(now / DAY) + 1) * DAY
  return new BudgetExceededError({
    'Retry-After': String(Math.ceil((resetsAt - now) / 1000)),
    'X-RateLimit-Tiles-Limit': String(limit),
    'X-RateLimit-Tiles-Remaining': '0',
    'X-RateLimit-Tiles-Reset': new Date(resetsAt).toISOString().replace('.000Z', 'Z'),
  })
}

interface TokenCount {
  tiles: number
  /** Requests that are left at `at`. */
  left: number
  at: number
}

const DAY = 86_400_000
/** Tokens that are counted at once; the one that came first leaves, and starts anew if it comes again. */
const MAX_TOKENS = 50_000

/**
 * Creates budgets, counted in this process.
 *
 * @throws `TypeError` or `RangeError` for options that cannot work.
 */
export function createBudgets(options: BudgetOptions): Budgets {
  assertOptions('createBudgets()', options, RULES)
  const { tilesPerToken, requestsPerSecond, tilesPerDay, now = () => Date.now() } = options
  const tokens = new Map<string, TokenCount>()
  const days = createDailyCounts({ ...options, now })

  const countToken = ({ iss, jti }: TokenClaims, isTile: boolean) => {
    const key = `${iss} ${jti}`
    const rate = requestsPerSecond ?? Number.POSITIVE_INFINITY
    // A request counts whole: what holds less than one would never let any through.
    const capacity = Math.max(1, rate)
    let count = tokens.get(key)
    if (!count) {
      const [oldest] = tokens.size >= MAX_TOKENS ? tokens.keys() : []
      if (oldest !== undefined) tokens.delete(oldest)
      count = { tiles: 0, left: capacity, at: now() }
      tokens.set(key, count)
    }
    const seconds = Math.max(0, now() - count.at) / 1000
    count.left = Math.min(capacity, count.left + seconds * rate)
    count.at = now()
    if (count.left < 1) {
      const wait = Math.ceil((1 - count.left) / rate)
      throw new BudgetExceededError({ 'Retry-After': String(wait) })
    }
    if (isTile && tilesPerToken !== undefined && count.tiles >= tilesPerToken)
      throw new BudgetExceededError({})
    count.left -= 1
    if (isTile) count.tiles += 1
  }

  return {
    consume: (claims, isTile) => {
      if (tilesPerToken !== undefined || requestsPerSecond !== undefined) countToken(claims, isTile)
      if (!isTile || tilesPerDay === undefined) return
      const counted = days.count(claims.org_id ?? '', tilesPerDay)
      if (typeof counted === 'boolean') {
        if (!counted) throw toDayExceeded(tilesPerDay, now())
        return
      }
      return counted.then((isWithin) => {
        if (!isWithin) throw toDayExceeded(tilesPerDay, now())
      })
    },
    flush: days.flush,
  }
}
