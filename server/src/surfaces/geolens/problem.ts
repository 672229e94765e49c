import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler } from 'express'
import { BrokerError, toBrokerError } from '../../errors.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import { RasterNotFoundError } from './errors.ts'

/** Headers that belong to the file which is not sent after all. */
const OF_THE_FILE = ['Content-Disposition', 'ETag', 'Last-Modified', 'Accept-Ranges']

/** Renders errors of this surface as RFC 9457 has them. */
export function createProblemHandler(report: FailureReporter): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const refusal = toFileError(error) ?? toBrokerError(error)
    if (refusal.status >= 500) report(error)
    for (const name of OF_THE_FILE) response.removeHeader(name)
    const { status } = refusal
    response
      .status(status)
      .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...refusal.headers })
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: 'about:blank',
          title: status === 422 ? 'Validation Error' : (STATUS_CODES[status] ?? 'Error'),
          status,
          detail: refusal.message,
        }),
      )
  }
}

// What `send` throws about a file: a precondition, a range, or a file that went away meanwhile.
function toFileError(error: unknown): BrokerError | undefined {
  if (!(error instanceof Error) || error instanceof BrokerError) return
  switch (Reflect.get(error, 'status')) {
    case 404:
      return new RasterNotFoundError()
    case 412:
      return new BrokerError(412, 'precondition_failed', 'The file has changed')
    case 416: {
      const headers: unknown = Reflect.get(error, 'headers')
      const range: unknown =
        typeof headers === 'object' && headers ? Reflect.get(headers, 'Content-Range') : undefined
      return new BrokerError(
        416,
        'range_not_satisfiable',
        'The range is outside of the file',
        typeof range === 'string' ? { 'Content-Range': range } : {},
      )
    }
    default:
      return
  }
}
