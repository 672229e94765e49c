import type { Request } from 'express'
import { InvalidIdError, NotAuthenticatedError } from './errors.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The path's dataset id, in lower case. @throws {@link InvalidIdError} */
export function readDatasetId(request: Request): string {
  const { id } = request.params
  if (typeof id !== 'string' || !UUID.test(id)) throw new InvalidIdError()
  return id.toLowerCase()
}

/**
 * A query parameter that carries a credential.
 *
 * @throws {@link NotAuthenticatedError} if it is there twice: it is unclear which one counts.
 */
export function readParameter(request: Request, name: string): string | undefined {
  const start = request.url.indexOf('?')
  if (start < 0) return
  const values = new URLSearchParams(request.url.slice(start)).getAll(name)
  if (values.length > 1) throw new NotAuthenticatedError()
  return values[0]
}
