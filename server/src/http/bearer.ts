import { GuardError, readCredential } from '@tilepass/guard'
import type { Request } from 'express'
import { InvalidRequestError } from '../errors.ts'

/**
 * The token of a request's `Authorization` header.
 *
 * @param toError Makes the error for a request without a bearer token.
 * @throws {@link InvalidRequestError} for several `Authorization` headers.
 */
export function readBearer(
  request: Pick<Request, 'rawHeaders' | 'url'>,
  toError: () => Error,
): string {
  try {
    return readCredential(request, 'header')
  } catch (error) {
    if (!(error instanceof GuardError)) throw error
    throw error.status === 400 ? new InvalidRequestError(error.message) : toError()
  }
}
