import type { Response } from 'express'
import type { ObtainedToken } from '../issuer/obtained-token.ts'

/**
 * Sends an access token in the form of RFC 6749 §5.1, with `expires_at` in addition, and forbids to store
 * it. `expires_at` is rounded down to whole seconds.
 */
export function sendAccessToken(
  response: Response,
  { token, scope, expiresAt, expiresInSeconds }: ObtainedToken,
): void {
  const expiry = new Date(Math.floor(expiresAt / 1000) * 1000)
  response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' }).json({
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    expires_at: expiry.toISOString().replace('.000Z', 'Z'),
    scope,
  })
}
