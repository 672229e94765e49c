import { z } from 'zod'
import { UpstreamInvalidError, UpstreamRefusedError } from './errors.ts'
import type { UpstreamKind } from './kind.ts'
import { readHeaderSecret } from './secret.ts'
import { secretSchema } from './secret-source.ts'
import { timeoutSeconds } from './timeout.ts'
import { findPayload, findUnverifiedClaims } from './unverified-claims.ts'
import { QUOTABLE_URL, upstreamUrl } from './url.ts'

const schema = z.strictObject({
  kind: z.literal('mapbox'),
  url: upstreamUrl.default('https://api.mapbox.com').describe('Base URL of the API.'),
  token: secretSchema.describe(
    'A secret token (`sk.…`) with `tokens:write` and every scope that its grants name.',
  ),
  timeoutSeconds,
})

/**
 * The API refuses an end more than an hour ahead by its own clock, which may be behind ours; seconds.
 */
const MAX_AHEAD_SECONDS = 3_590

/** The Mapbox Tokens API: temporary tokens from `POST /tokens/v2/{username}`. */
export const mapbox: UpstreamKind<typeof schema, 'token'> = {
  name: 'mapbox',
  schema,
  secrets: { token: 'credential' },
  quotable: { url: QUOTABLE_URL },
  grantFields: {
    scope: 'required',
    expiresInSeconds: 'optional',
    datasets: { forbidden: 'has no datasets' },
  },
  maxLifetimeSeconds: 3_600,
  open: ({ url }, { token: secret }, now) => {
    return async ({ scope = '', expiresInSeconds = MAX_AHEAD_SECONDS }, send) => {
      const secretToken = await readHeaderSecret(secret)
      const username = findPayload(secretToken)?.u
      if (typeof username !== 'string' || !secretToken.startsWith('sk.'))
        throw new UpstreamRefusedError('secret is not a secret Mapbox token (sk.…)')
      const target = new URL(`${url}/tokens/v2/${encodeURIComponent(username)}`)
      // The API takes the token only in the query; we never print the URL of a request.
      target.searchParams.set('access_token', secretToken)
      const expires = now() + Math.min(expiresInSeconds, MAX_AHEAD_SECONDS) * 1000
      const response = await send(target, {
        json: { expires: new Date(expires).toISOString(), scopes: scope.split(' ') },
      })
      const token = String(response.token)
      const { exp, iat, scopes } = findUnverifiedClaims(token) ?? {}
      if (!token.startsWith('tk.') || exp === undefined || iat === undefined || !scopes)
        throw new UpstreamInvalidError('response has no temporary Mapbox token (tk.…)')
      // Responses of older versions have no lifetime, but the token does.
      return { token, expiresInSeconds: exp - iat, scope: scopes.join(' ') }
    }
  },
}
