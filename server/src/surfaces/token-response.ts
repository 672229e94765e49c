import type { Response } from 'express'
import { NO_STORE } from '../http/no-store.ts'
import type { AccessToken } from '../issuer/mint.ts'
import type { RelayedToken } from '../upstreams/answer.ts'

/**
 * The remaining lifetime of an access token in seconds, rounded down.
 *
 * @param now Epoch ms.
 */
export function toExpiresIn({ iat, exp }: AccessToken, now: number): number {
  return exp - Math.max(iat, Math.floor(now / 1000))
}

/**
 * Sends an access token with the members of RFC 6749 §5.1 and `expires_at`.
 *
 * @param now Epoch ms.
 */
export function sendAccessToken(response: Response, access: AccessToken, now: number): void {
  response.set(NO_STORE).json({
    access_token: access.token,
    token_type: 'Bearer',
    expires_in: toExpiresIn(access, now),
    expires_at: new Date(access.exp * 1000).toISOString().replace('.000Z', 'Z'),
    scope: access.scope,
  })
}

/**
 * Sends a token of an upstream in the same form. Its lifetime is rounded down, so that the page never
 * overestimates it.
 *
 * @param now Epoch ms.
 */
export function sendRelayedToken(response: Response, relayed: RelayedToken, now: number): void {
  const { token, scope, expiresAt } = relayed
  const expiry = new Date(Math.floor(expiresAt / 1000) * 1000)
  response.set(NO_STORE).json({
    access_token: token,
    token_type: 'Bearer',
    expires_in: Math.floor((expiresAt - now) / 1000),
    expires_at: expiry.toISOString().replace('.000Z', 'Z'),
    ...(scope === undefined ? {} : { scope }),
  })
}
