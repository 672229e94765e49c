import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FailureReporter } from '../observe/failures.ts'

/** Removes what is no longer kept, in the background. */
export interface Retention {
  /** Stops, once the step that is running has ended. */
  close(): Promise<void>
}

/**
 * Runs a step now and once per interval, again and again until it has nothing left to do. Requests are served
 * between two steps.
 *
 * @param step Resolves to whether there may be more to do.
 * @param interval ms.
 */
export function runRetention(
  step: () => Promise<boolean>,
  interval: number,
  report: FailureReporter,
): Retention {
  let isClosed = false
  const prune = async () => {
    try {
      while (!isClosed && (await step())) await nextTurn()
    } catch (error) {
      report(error)
    }
  }
  let pruning = prune()
  const timer = setInterval(() => {
    pruning = pruning.then(prune)
  }, interval).unref()
  return {
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await pruning
    },
  }
}
