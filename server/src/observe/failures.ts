import type { Logger } from 'pino'

/** Told of each error that is our fault or our surroundings', once. */
export type FailureReporter = (error: unknown) => void

/** Reports failures to a log. */
export function createFailureReporter(logger: Logger): FailureReporter {
  return (error) => logger.error({ err: error }, 'a request failed')
}
