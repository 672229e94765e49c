import { GuardError, InsufficientScopeError, type RefusalDetails, toRetryAfter } from '../errors.ts'

/** A refusal as the client may see it: nothing in it comes from a token. */
export interface Refusal extends RefusalDetails {
  readonly message: string
  /** The missing scope. */
  readonly scope?: string
}

/** Turns an error into a refusal. An unknown error becomes a bare 500, or 503 if that is its `status`. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof GuardError) {
    const { status, code, reason, message, challenge, headers = {} } = error
    return {
      status,
      code,
      reason,
      message,
      ...(challenge ? { challenge } : {}),
      ...(error instanceof InsufficientScopeError ? { scope: error.scope } : {}),
      headers: status === 503 ? { ...toRetryAfter(1), ...headers } : headers,
    }
  }
  // What a verifier depends on may be down (`isRevoked` throws): that is an outage, not a bug.
  if (readStatus(error) === 503)
    return {
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      reason: 'Service Unavailable',
      message: 'Service unavailable',
      headers: toRetryAfter(1),
    }
  return {
    status: 500,
    code: 'SERVER_ERROR',
    reason: 'Internal Server Error',
    message: 'Internal server error',
  }
}

function readStatus(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
}
