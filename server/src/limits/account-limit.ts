/** Where a caller stands in its current window. */
export interface LimitState {
  readonly isExceeded: boolean
  readonly limit: number
  /** Length of the window, in seconds. */
  readonly intervalSeconds: number
  /** When the window ends, in epoch ms. */
  readonly resetAt: number
  /** Seconds until then, at least one. */
  readonly retryAfterSeconds: number
}

/** Counts requests per account. */
export interface AccountLimit {
  /** Counts one request. */
  consume(account: string): LimitState
}

const INTERVAL = 60_000

/**
 * Creates a limit of so many requests a minute and account, kept in this process. Only names of
 * accounts that exist may be counted, so that its memory stays bounded.
 *
 * @param now Epoch ms.
 */
export function createAccountLimit(perMinute: number, now: () => number): AccountLimit {
  const windows = new Map<string, { count: number; readonly startedAt: number }>()
  return {
    consume: (account) => {
      const at = now()
      let window = windows.get(account)
      // A clock that was set back must not keep a window open.
      if (!window || at >= window.startedAt + INTERVAL || at < window.startedAt) {
        window = { count: 0, startedAt: at }
        windows.set(account, window)
      }
      window.count += 1
      return {
        isExceeded: window.count > perMinute,
        limit: perMinute,
        intervalSeconds: INTERVAL / 1000,
        resetAt: window.startedAt + INTERVAL,
        retryAfterSeconds: Math.max(1, Math.ceil((window.startedAt + INTERVAL - at) / 1000)),
      }
    },
  }
}
