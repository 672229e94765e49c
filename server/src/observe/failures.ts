import type { Logger } from 'pino'

/** Told of each error that is our fault or our surroundings', once. */
export type FailureReporter = (error: unknown) => void

/** Reports failures to a log. */
export function createFailureReporter(logger: Logger): FailureReporter {
  return (error) => logger.error({ err: error }, 'a request failed')
}

/** Is this our fault or our surroundings', and not a request that was refused? */
export function isFailure(error: unknown): boolean {
  const status: unknown = typeof error === 'object' && error ? Reflect.get(error, 'status') : 500
  return typeof status !== 'number' || status >= 500
}
