import type { Response } from 'express'
import { GuardError, InsufficientScopeError } from './errors.ts'

/**
 * Sends a refusal in Geog's shape: the one place where this surface renders errors.
 *
 * An error that is none of ours becomes a bare 500.
 *
 * @see RFC 6750 §3
 */
export function sendRefusal(response: Response, error: unknown): void {
  const refusal = error instanceof GuardError ? error : undefined
  const status = refusal?.status ?? readStatus(error) ?? 500
  const outage = status === 503
  response.status(status).set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
  if (status === 401 || refusal?.challenge)
    response.set('WWW-Authenticate', refusal ? challenge(refusal) : 'Bearer')
  if (outage) response.set('Retry-After', '1')
  response.json({
    success: false,
    error: refusal?.reason ?? (outage ? 'Service Unavailable' : 'Internal Server Error'),
    message: refusal?.message ?? (outage ? 'Service unavailable' : 'Internal server error'),
    code: refusal?.code ?? (outage ? 'SERVICE_UNAVAILABLE' : 'SERVER_ERROR'),
  })
}

function challenge(refusal: GuardError): string {
  if (!refusal.challenge) return 'Bearer'
  const scope = refusal instanceof InsufficientScopeError ? `, scope="${refusal.scope}"` : ''
  return `Bearer error="${refusal.challenge}", error_description="${refusal.message}"${scope}`
}

// A verifier's own dependencies may be down (`isRevoked` throws): that is 503, not a bug.
function readStatus(error: unknown): 503 | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return
  return error.status === 503 ? 503 : undefined
}
