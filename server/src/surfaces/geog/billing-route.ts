import type { GuardHandler } from '@tilepass/guard'
import type { Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { findParameter, readQuery } from '../../http/query.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import type { Store } from '../../store/open.ts'
import { listUsage } from '../../store/usage.ts'
import { DAY, toDay } from '../../usage/day.ts'
import type { Usage } from '../../usage/usage.ts'

const DEFAULT_DAYS = 30
const MAX_DAYS = 366

/** What the billing route needs. */
export interface BillingRouteParts {
  readonly store: Store
  readonly usage: Pick<Usage, 'record' | 'flush'>
  readonly guard: GuardHandler
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * `GET /v1/billing/usage?from=…&to=…`: the uses per day and token of the organisation that the
 * presented token belongs to.
 */
export function createBillingRoute({ store, usage, guard, now }: BillingRouteParts): Router {
  const router = createRouter()
  router.use('/v1/billing', guard)
  addRoute(router, '/v1/billing/usage', {
    get: async (request, response) => {
      response.set('Cache-Control', 'no-store')
      const { from, to } = parseDays(readQuery(request), now())
      const orgId = request.auth?.org_id ?? ''
      await usage.flush()
      const counts = await listUsage(store, orgId, from, to)
      if (request.auth) usage.record(request.auth, 'billing')
      const total: Record<string, number> = {}
      for (const { use, count } of counts) total[use] = (total[use] ?? 0) + count
      response.json({
        org_id: orgId,
        from,
        to,
        total,
        usage: counts.map(({ day, token, use, count }) => ({ day, token, use, count })),
      })
    },
  })
  router.use('/v1/billing', refuseUnknownPath)
  return router
}

function parseDays(query: URLSearchParams, now: number): { from: string; to: string } {
  const to = parseDay(query, 'to') ?? toDay(now)
  const from = parseDay(query, 'from') ?? toDay(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY)
  const days = (Date.parse(to) - Date.parse(from)) / DAY + 1
  if (days < 1 || days > MAX_DAYS)
    throw new InvalidRequestError(`"from" and "to" must span 1 to ${MAX_DAYS} days`)
  return { from, to }
}

function parseDay(query: URLSearchParams, name: string): string | undefined {
  const given = findParameter(query, name)
  if (given === undefined) return
  const time = /^[12]\d{3}-\d\d-\d\d$/.test(given) ? Date.parse(given) : Number.NaN
  // Date.parse takes February 30 for a day of March.
  if (Number.isNaN(time) || toDay(time) !== given)
    throw new InvalidRequestError(`"${name}" must be a date such as 2026-01-31`)
  return given
}
