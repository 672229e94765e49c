import type { Response } from 'express'
import type { MintedToken } from '../issuer/mint.ts'
import type { RelayedToken } from '../upstreams/answer.ts'

/**
 * Sends an access token as RFC 6749 §5.1 has it, with `expires_at` besides; never to be stored.
 *
 * @param now Epoch ms; `expires_in` counts from it, rounded down.
 */
export function sendAccessToken(response: Response, access: MintedToken, now: number): void {
  response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' }).json({
    access_token: access.token,
    token_type: 'Bearer',
    expires_in: access.exp - Math.max(access.iat, Math.floor(now / 1000)),
    expires_at: new Date(access.exp * 1000).toISOString().replace('.000Z', 'Z'),
    scope: access.scope,
  })
}

/**
 * Sends a token of an upstream in the same form. What is left of it is rounded down: the page must
 * never think that it has longer.
 *
 * @param now Epoch ms.
 */
export function sendRelayedToken(response: Response, relayed: RelayedToken, now: number): void {
  const { token, scope, expiresAt } = relayed
  const expiry = new Date(Math.floor(expiresAt / 1000) * 1000)
  response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' }).json({
    access_token: token,
    token_type: 'Bearer',
    expires_in: Math.floor((expiresAt - now) / 1000),
    expires_at: expiry.toISOString().replace('.000Z', 'Z'),
    ...(scope === undefined ? {} : { scope }),
  })
}
