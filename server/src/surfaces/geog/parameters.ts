import type { Request } from 'express'
import { InvalidRequestError } from '../../errors.ts'

/** Reads a query parameter. @throws {@link InvalidRequestError} if it is there more than once. */
export function readParameter(request: Request, name: string): string | undefined {
  const { url } = request
  const start = url.indexOf('?')
  const values = start < 0 ? [] : new URLSearchParams(url.slice(start)).getAll(name)
  if (values.length > 1) throw new InvalidRequestError(`"${name}" must be given once`)
  return values[0]
}
