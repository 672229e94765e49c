import type { Response } from 'express'
import type { AccessToken } from '../issuer/mint.ts'

/**
 * Sends an access token as RFC 6749 §5.1 has it, with `expires_at` besides; never to be stored.
 *
 * @param now Epoch ms; `expires_in` counts from it, rounded down.
 */
export function sendAccessToken(response: Response, access: AccessToken, now: number): void {
  response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' }).json({
    access_token: access.token,
    token_type: 'Bearer',
    expires_in: access.exp - Math.max(access.iat, Math.floor(now / 1000)),
    expires_at: new Date(access.exp * 1000).toISOString().replace('.000Z', 'Z'),
    scope: access.scope,
  })
}
