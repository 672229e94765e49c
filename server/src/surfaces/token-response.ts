import type { Response } from 'express'
import { NO_STORE } from '../http/no-store.ts'
import type { ObtainedToken } from '../issuer/obtained-token.ts'

/**
 * Sends an access token with the members of RFC 6749 §5.1 and `expires_at`, which is rounded down to
 * whole seconds. The response is never stored.
 */
export function sendAccessToken(
  response: Response,
  { token, scope, expiresAt, expiresInSeconds }: ObtainedToken,
): void {
  const expiry = new Date(Math.floor(expiresAt / 1000) * 1000)
  const body = JSON.stringify({
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    expires_at: expiry.toISOString().replace('.000Z', 'Z'),
    scope,
  })
  // Not Express's `json()`, which would hash it for an ETag that nobody may store.
  response.set(NO_STORE)
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(body)
}
