import type { Request } from 'express'
import { InvalidIdError } from './errors.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The dataset id in the path, in lower case. @throws {@link InvalidIdError} */
export function parseDatasetId({ params }: Request): string {
  const { id } = params
  if (typeof id !== 'string' || !UUID.test(id)) throw new InvalidIdError()
  return id.toLowerCase()
}
