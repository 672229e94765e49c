import { z } from 'zod'
import { readHeaderSecret, type Secret, secretSchema } from './secret.ts'
import { assertBearer } from './token-type.ts'
import type { Upstream } from './upstream.ts'
import { timeoutSeconds, upstreamUrl } from './url.ts'

/** A Geog API: exchanges a long-lived API token for access tokens of at most four hours. */
export const geogSchema = z.strictObject({
  kind: z.literal('geog'),
  url: upstreamUrl.default('https://api.geog.dev'),
  /** The long-lived API token. */
  token: secretSchema,
  timeoutSeconds,
})

/** Longest life of an access token, in seconds. */
export const GEOG_MAX_SECONDS = 14_400

/** Asks `POST /v1/auth/token`. */
export function createGeogUpstream(url: string, token: Secret): Upstream {
  return async ({ scope, expiresInSeconds }, send) => {
    const authorization = `Bearer ${await readHeaderSecret(token)}`
    const { access_token, token_type, expires_in, ...said } = await send(`${url}/v1/auth/token`, {
      headers: { authorization },
      json: { ttl: expiresInSeconds, scope },
    })
    assertBearer(token_type)
    return { token: access_token, expiresInSeconds: expires_in, scope: said.scope }
  }
}
