import { z } from 'zod'
import { UpstreamInvalidError, UpstreamRefusedError } from './errors.ts'
import { readHeaderSecret, type Secret, secretSchema } from './secret.ts'
import { findPayload, findTokenClaims } from './token-claims.ts'
import type { Upstream } from './upstream.ts'
import { timeoutSeconds, upstreamUrl } from './url.ts'

/** The Mapbox Tokens API: temporary tokens of at most an hour. */
export const mapboxSchema = z.strictObject({
  kind: z.literal('mapbox'),
  url: upstreamUrl.default('https://api.mapbox.com'),
  /** A secret token with `tokens:write` and every scope that its grants name. */
  token: secretSchema,
  timeoutSeconds,
})

/** The API refuses more than an hour from now by its clock, which may be behind ours; seconds. */
const MAX_AHEAD = 3_590
/** Longest life of a temporary token, in seconds. */
export const MAPBOX_MAX_SECONDS = 3_600

/**
 * Asks `POST /tokens/v2/{username}`; the token itself names the user.
 *
 * @param now Epoch ms.
 */
export function createMapboxUpstream(url: string, secret: Secret, now: () => number): Upstream {
  return async ({ scope = '', expiresInSeconds = MAX_AHEAD }, send) => {
    const token = await readHeaderSecret(secret)
    const username = findPayload(token)?.u
    if (typeof username !== 'string' || !token.startsWith('sk.'))
      throw new UpstreamRefusedError('has a secret that is no secret token of Mapbox (sk.…)')
    const target = new URL(`${url}/tokens/v2/${encodeURIComponent(username)}`)
    // The API takes it nowhere else; nothing of ours prints the URL of a request.
    target.searchParams.set('access_token', token)
    const expires = now() + Math.min(expiresInSeconds, MAX_AHEAD) * 1000
    const answer = await send(target, {
      json: { expires: new Date(expires).toISOString(), scopes: scope.split(' ') },
    })
    const temporary = String(answer.token)
    const { exp, iat, scopes } = findTokenClaims(temporary) ?? {}
    if (!temporary.startsWith('tk.') || exp === undefined || iat === undefined || !scopes)
      throw new UpstreamInvalidError('answered no temporary token of Mapbox (tk.…)')
    // The answer of older versions has no lifetime, but the token does.
    return { token: temporary, expiresInSeconds: exp - iat, scope: scopes.join(' ') }
  }
}
