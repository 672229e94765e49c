import type { Logger } from 'pino'

/** Called once with each error that is a fault of the broker or of the systems that it depends on. */
export type FailureReporter = (error: unknown) => void

/** Creates the reporter that writes failures to a log. */
export function createFailureReporter(logger: Logger): FailureReporter {
  return (error) => logger.error({ err: error }, 'a request failed')
}

/** Narrows a reporter to failures: refused requests (a status below 500) are not reported. */
export function ignoreRefusals(report: FailureReporter): FailureReporter {
  return (error) => {
    const status: unknown = typeof error === 'object' && error ? Reflect.get(error, 'status') : 500
    if (typeof status !== 'number' || status >= 500) report(error)
  }
}
