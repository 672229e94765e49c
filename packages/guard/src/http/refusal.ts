import type { ServerResponse } from 'node:http'
import { GuardError, InsufficientScopeError, type RefusalDetails } from '../errors.ts'
import { type ErrorShape, toErrorBody } from './error-shapes.ts'

/** A refusal as it may be told to the client: nothing in it comes from a token. */
export interface Refusal extends RefusalDetails {
  readonly message: string
  /** The scope that is missing. */
  readonly scope?: string
}

const NO_STORE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** What to tell of an error. One that is none of ours is a bare 500; of a dependency's, 503. */
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
      headers: status === 503 ? { 'Retry-After': '1', ...headers } : headers,
    }
  }
  // A verifier's own dependencies may be down (`isRevoked` throws): that is 503, not a bug.
  if (readStatus(error) === 503)
    return {
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      reason: 'Service Unavailable',
      message: 'Service unavailable',
      headers: { 'Retry-After': '1' },
    }
  return {
    status: 500,
    code: 'SERVER_ERROR',
    reason: 'Internal Server Error',
    message: 'Internal server error',
  }
}

/**
 * Sends a refusal, never to be stored.
 *
 * @param status Where it must differ from the refusal's own.
 * @see RFC 6750 §3
 */
export function sendRefusal(
  response: ServerResponse,
  refusal: Refusal,
  shape: ErrorShape,
  status: number = refusal.status,
): void {
  const { type, body } = toErrorBody(refusal, shape)
  const text = JSON.stringify(body)
  response.statusCode = status
  for (const [name, value] of Object.entries({ ...NO_STORE, ...refusal.headers }))
    response.setHeader(name, value)
  const unusual = Object.keys(refusal.headers ?? {}).filter((name) => name.startsWith('X-'))
  if (unusual.length > 0) response.appendHeader('Access-Control-Expose-Headers', unusual.join(', '))
  if (status === 401 || refusal.challenge)
    response.setHeader('WWW-Authenticate', toChallenge(refusal))
  response.setHeader('Content-Type', type)
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.end(text)
}

function toChallenge({ challenge, message, scope }: Refusal): string {
  if (!challenge) return 'Bearer'
  const wanted = scope === undefined ? '' : `, scope="${scope}"`
  return `Bearer error="${challenge}", error_description="${message}"${wanted}`
}

function readStatus(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
}
