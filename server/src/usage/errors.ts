import { toDailyLimitHeaders, toRetryAfter } from '@tilepass/guard/broker'
import { BrokerError } from '../errors.ts'

/** 429: the organisation has used up its tiles of this day; the count restarts at 00:00 UTC. */
export class DailyLimitError extends BrokerError {
  /** Times in epoch ms. */
  constructor(limit: number, resetsAt: number, now: number) {
    super(429, 'rate_limit_exceeded', 'Daily tile limit reached', {
      ...toRetryAfter((resetsAt - now) / 1000),
      ...toDailyLimitHeaders({ limit, remaining: 0, resetsAt }),
    })
  }
}
