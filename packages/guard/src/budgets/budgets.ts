import { toRetryAfter } from '../errors.ts'
import { assertOptions, functionRule, type OptionRules } from '../options/option-rules.ts'
import type { TokenClaims } from '../token/claims.ts'
import { BudgetExceededError, toDayExceeded } from './budget-exceeded.ts'
import { createDailyCounts, type WriteCounts } from './daily-counts.ts'

/** Settings of {@link createBudgets}. An absent limit is no limit. */
export interface BudgetOptions {
  /** Tiles per token. */
  readonly tilesPerToken?: number | undefined
  /**
   * Requests per second and token; also the number of requests that may come at once. Below 1, one
   * request may come at once.
   */
  readonly requestsPerSecond?: number | undefined
  /** Tiles per day (UTC) and organisation; without `org_id`, per subject or client of the issuer. */
  readonly tilesPerDay?: number | undefined
  /** Stores the daily counts, for restarts and other processes. By default they stay in memory. */
  readonly write?: WriteCounts
  /** Called with each failure of `write`; the counts are written again later. */
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

/** Counts what tokens use, against limits. Several guards can share one. */
export interface Budgets {
  /** Counts a request. @throws `BudgetExceededError` if it exceeds a limit. */
  consume(claims: TokenClaims, isTile: boolean): void | Promise<void>
  /** Writes out the counts that are only in memory. */
  flush(): Promise<void>
}

interface TokenCount {
  tiles: number
  /** Requests that the token may make at once, as of `updatedAt`. */
  allowance: number
  updatedAt: number
}

/** Number of tokens that are counted. The oldest leaves first, and starts anew if it returns. */
const MAX_TOKENS = 50_000

/**
 * Creates budgets, counted in this process.
 *
 * @throws `TypeError` or `RangeError` for invalid options.
 */
export function createBudgets(options: BudgetOptions): Budgets {
  assertOptions('createBudgets()', options, RULES)
  const { tilesPerToken, requestsPerSecond, tilesPerDay, now = () => Date.now() } = options
  const tokens = new Map<string, TokenCount>()
  const days = createDailyCounts({ ...options, now })

  const countToken = ({ iss, jti }: TokenClaims, isTile: boolean) => {
    const key = `${iss} ${jti}`
    const rate = requestsPerSecond ?? Number.POSITIVE_INFINITY
    // A request counts as 1: a capacity below that would never let one through.
    const capacity = Math.max(1, rate)
    let count = tokens.get(key)
    if (!count) {
      const [oldest] = tokens.size >= MAX_TOKENS ? tokens.keys() : []
      if (oldest !== undefined) tokens.delete(oldest)
      count = { tiles: 0, allowance: capacity, updatedAt: now() }
      tokens.set(key, count)
    }
    const seconds = Math.max(0, now() - count.updatedAt) / 1000
    count.allowance = Math.min(capacity, count.allowance + seconds * rate)
    count.updatedAt = now()
    if (count.allowance < 1) {
      throw new BudgetExceededError(toRetryAfter((1 - count.allowance) / rate))
    }
    if (isTile && tilesPerToken !== undefined && count.tiles >= tilesPerToken)
      throw new BudgetExceededError({})
    count.allowance -= 1
    if (isTile) count.tiles += 1
  }

  return {
    consume: (claims, isTile) => {
      if (tilesPerToken !== undefined || requestsPerSecond !== undefined) countToken(claims, isTile)
      if (!isTile || tilesPerDay === undefined) return
      const counted = days.count(toOrganisation(claims), tilesPerDay)
      if (typeof counted === 'boolean') {
        if (!counted) throw toDayExceeded(tilesPerDay, now())
        return
      }
      return counted.then((isWithinLimit) => {
        if (!isWithinLimit) throw toDayExceeded(tilesPerDay, now())
      })
    },
    flush: days.flush,
  }
}

// Most issuers know no organisation: one user must not use up the tiles of all others.
function toOrganisation({ org_id, iss, sub, client_id }: TokenClaims): string {
  const subject = sub ?? client_id
  return org_id ?? (subject === undefined ? '' : `${iss} ${subject}`)
}
