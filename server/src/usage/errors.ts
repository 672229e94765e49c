import { BrokerError } from '../errors.ts'
import { toLimitHeaders } from './limit-headers.ts'

/** 429: the organisation has used up its tiles of this day; the count restarts at 00:00 UTC. */
export class DailyLimitError extends BrokerError {
  /** Times in epoch ms. */
  constructor(limit: number, resetsAt: number, now: number) {
    super(429, 'rate_limit_exceeded', 'Daily tile limit reached', {
      'Retry-After': String(Math.max(1, Math.ceil((resetsAt - now) / 1000))),
      ...toLimitHeaders({ limit, remaining: 0, resetsAt }),
    })
  }
}
