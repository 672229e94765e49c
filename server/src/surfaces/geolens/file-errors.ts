import type { ErrorRequestHandler } from 'express'
import { BrokerError } from '../../errors.ts'
import { RasterNotFoundError } from './errors.ts'

/** Replaces the errors of `response.sendFile` by those of this surface. */
export const replaceFileErrors: ErrorRequestHandler = (error, _request, _response, next) => {
  next(findFileError(error) ?? error)
}

// A failed precondition, an unsatisfiable range, or a file that was deleted after it was found.
function findFileError(error: unknown): BrokerError | undefined {
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
        'The range is outside the file',
        typeof range === 'string' ? { 'Content-Range': range } : {},
      )
    }
    default:
      return
  }
}
