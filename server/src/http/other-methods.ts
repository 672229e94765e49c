import type { RequestHandler } from 'express'
import { MethodNotAllowedError } from '../errors.ts'

/** Refuses every method that no route before it took. */
export function refuseOtherMethods(allow: string): RequestHandler {
  return () => {
    throw new MethodNotAllowedError(allow)
  }
}
