import type { Request } from 'express'
import { InvalidRequestError } from '../errors.ts'

/** The query of a request, whichever parser the host application has set. */
export function readQuery({ url }: Pick<Request, 'url'>): URLSearchParams {
  const start = url.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : url.slice(start))
}

/**
 * Finds a parameter of a query.
 *
 * @param toError Makes the error for a parameter that is given more than once, because parsers
 *   disagree about which one counts; by default an {@link InvalidRequestError}.
 */
export function findParameter(
  query: URLSearchParams,
  name: string,
  toError: (name: string) => Error = toInvalidRequest,
): string | undefined {
  const values = query.getAll(name)
  if (values.length > 1) throw toError(name)
  return values[0]
}

/**
 * Finds a parameter that is a whole number from 1 to `max`.
 *
 * @throws {@link InvalidRequestError}
 */
export function findWholeNumber(
  query: URLSearchParams,
  name: string,
  max: number,
): number | undefined {
  const given = findParameter(query, name)
  if (given === undefined) return
  const value = /^\d{1,16}$/.test(given) ? Number(given) : 0
  if (value < 1 || value > max)
    throw new InvalidRequestError(`"${name}" must be a whole number from 1 to ${max}`)
  return value
}

function toInvalidRequest(name: string): Error {
  return new InvalidRequestError(`"${name}" must be given once`)
}
