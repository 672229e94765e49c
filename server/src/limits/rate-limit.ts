import { TooManyRequestsError } from '../errors.ts'

/** Where a key stands in its current window. */
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

/** Limits the requests of each key: an account, or the address of a client. */
export interface RateLimit {
  /** Counts a request and says where the key stands, for the headers of the response. */
  count(key: string): LimitState
  /** Counts a request. @throws {@link TooManyRequestsError} past the limit, with the seconds to wait. */
  consume(key: string): void
}

const INTERVAL = 60_000

interface Window {
  readonly startedAt: number
  count: number
}

/**
 * Creates a limit of so many requests per minute and key, counted in this process. A key's minute
 * starts with its first request.
 *
 * Written here because libraries for this read the system clock, and tests need to move it.
 *
 * @param now Epoch ms.
 */
export function createRateLimit(perMinute: number, now: () => number): RateLimit {
  /** In the order in which they started. */
  const windows = new Map<string, Window>()

  // Bounds the memory to the keys of the last minute.
  const dropEnded = (at: number) => {
    for (const [key, window] of windows) {
      if (isCurrent(window, at)) return
      windows.delete(key)
    }
  }

  const findOrOpen = (key: string, at: number): Window => {
    const known = windows.get(key)
    if (known && isCurrent(known, at)) return known
    const window = { startedAt: at, count: 0 }
    // A key that is only set again keeps its old place in the order.
    windows.delete(key)
    windows.set(key, window)
    return window
  }

  const count = (key: string): LimitState => {
    const at = now()
    dropEnded(at)
    const window = findOrOpen(key, at)
    window.count += 1
    const resetAt = window.startedAt + INTERVAL
    return {
      isExceeded: window.count > perMinute,
      limit: perMinute,
      intervalSeconds: INTERVAL / 1000,
      resetAt,
      retryAfterSeconds: Math.max(1, Math.ceil((resetAt - at) / 1000)),
    }
  }

  return {
    count,
    consume: (key) => {
      const { isExceeded, retryAfterSeconds } = count(key)
      if (isExceeded) throw new TooManyRequestsError(retryAfterSeconds)
    },
  }
}

// A clock that was set back must not keep a window open.
function isCurrent({ startedAt }: Window, at: number): boolean {
  return at >= startedAt && at < startedAt + INTERVAL
}
