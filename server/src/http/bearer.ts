import { GuardError, readCredential } from '@tilepass/guard'
import type { Request } from 'express'
import { InvalidRequestError } from '../errors.ts'
import { InvalidSessionError } from '../sessions/errors.ts'

/**
 * The token of a request's `Authorization` header.
 *
 * @throws {@link InvalidSessionError} without one, {@link InvalidRequestError} with several.
 */
export function readBearer(request: Request): string {
  try {
    return readCredential(request, 'header')
  } catch (error) {
    if (!(error instanceof GuardError)) throw error
    throw error.status === 400 ? new InvalidRequestError(error.message) : new InvalidSessionError()
  }
}
