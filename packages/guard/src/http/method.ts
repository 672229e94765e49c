import { GuardError } from '../errors.ts'

/** 405 `METHOD_NOT_ALLOWED`, which forward auth sends as 403: map data is only read. */
export class MethodNotPermittedError extends GuardError {
  constructor() {
    super('Only GET and HEAD are allowed', {
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      reason: 'Method Not Allowed',
      headers: { Allow: 'GET, HEAD, OPTIONS' },
    })
  }
}
