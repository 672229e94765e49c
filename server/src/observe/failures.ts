import type { IncomingMessage } from 'node:http'
import { GuardError } from '@tilepass/guard'
import type { Logger } from 'pino'
import { BrokerError, toBrokerError } from '../errors.ts'
import type { Meter } from './meter.ts'
import { describeRefusal } from './refusal-facts.ts'
import { getRequestId } from './request-id.ts'
import { logRefusal } from './request-log.ts'

/**
 * Called once with each error that is a fault of the broker or of the systems that it depends on, and
 * with the request that met it, if there is one.
 */
export type FailureReporter = (error: unknown, request?: IncomingMessage) => void

/** Called once with each error that a request ends with, whether it was refused or failed. */
export type RequestReporter = (error: unknown, request: IncomingMessage) => void

/**
 * Creates the reporter that writes failures to a log. If the store or a key set is unavailable (503), the
 * log has the messages of the error and its causes, and no stack: the stack says nothing about the cause.
 */
export function createFailureReporter(logger: Logger): FailureReporter {
  return (error, request) => {
    const id = request && { id: getRequestId(request) }
    if (error instanceof Error && Reflect.get(error, 'status') === 503)
      logger.error({ ...id, reason: describeChain(error) }, 'a request failed')
    else logger.error({ ...id, err: error }, 'a request failed')
  }
}

/**
 * Creates the reporter of an API. What it ends is logged with the reason, as a refusal or, from 500 on, as a
 * failure. Failures are reported as well, but
 * not a {@link BrokerError} of 500 or above: that was thrown on purpose, by code that logs the cause
 * itself if there is one.
 *
 * @param surface Name of the API.
 * @param meter Counts them.
 */
export function createRequestReporter(
  logger: Logger,
  report: FailureReporter,
  surface: string,
  meter?: Meter,
): RequestReporter {
  return (error, request) => {
    const refusal = error instanceof GuardError ? error : toBrokerError(error)
    meter?.countRefusal(surface, refusal.code.toLowerCase())
    if (refusal.status >= 500 && !(error instanceof BrokerError)) report(error, request)
    logRefusal(logger, request, describeRefusal(refusal, request, surface), refusal.status >= 500)
  }
}

/** The messages of an error and of what caused it. */
function describeChain(error: Error): string {
  return error.cause instanceof Error
    ? `${error.message}: ${describeChain(error.cause)}`
    : error.message
}
