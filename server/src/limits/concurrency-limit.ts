import type { ServerResponse } from 'node:http'
import { TooManyRequestsError, UnavailableError } from '../errors.ts'
import { onResponseEnd } from '../http/response-end.ts'

/** Limits of {@link createConcurrencyLimit}. */
export interface ConcurrencyLimitOptions {
  readonly perKey: number
  readonly total: number
  /** How long a response waits for its turn before it is refused, in ms. */
  readonly patience: number
}

/** Limits how many responses are under way at the same time. */
export interface ConcurrencyLimit {
  /**
   * Resolves when the response may start; its end makes room for the next one.
   *
   * @throws {@link TooManyRequestsError} while the key has too many, {@link UnavailableError} while
   *   there are too many in all.
   */
  enter(key: string, response: ServerResponse): Promise<void>
}

interface Waiting {
  readonly key: string
  readonly start: () => void
}

/** Creates a limit for each key, such as the address of a client, and for all of them. */
export function createConcurrencyLimit(options: ConcurrencyLimitOptions): ConcurrencyLimit {
  const { perKey, total, patience } = options
  const counts = new Map<string, number>()
  const waiting = new Set<Waiting>()
  let running = 0

  const countOf = (key: string) => counts.get(key) ?? 0
  const hasRoom = (key: string) => running < total && countOf(key) < perKey

  function start(key: string, response: ServerResponse): void {
    running += 1
    counts.set(key, countOf(key) + 1)
    onResponseEnd(response, () => {
      running -= 1
      if (countOf(key) > 1) counts.set(key, countOf(key) - 1)
      else counts.delete(key)
      for (const next of waiting) if (hasRoom(next.key)) return next.start()
    })
  }

  return {
    enter(key, response) {
      if (hasRoom(key)) return Promise.resolve(start(key, response))
      return new Promise((resolve, reject) => {
        const leave = () => {
          clearTimeout(timer)
          waiting.delete(entry)
        }
        const entry: Waiting = {
          key,
          start() {
            leave()
            start(key, response)
            resolve()
          },
        }
        const timer = setTimeout(() => {
          leave()
          reject(countOf(key) < perKey ? new UnavailableError() : new TooManyRequestsError(1))
        }, patience)
        waiting.add(entry)
        onResponseEnd(response, leave)
      })
    },
  }
}
