import { z } from 'zod'
import { UpstreamInvalidError } from './errors.ts'
import { readHeaderSecret, type Secret, type SecretSource, secretSchema } from './secret.ts'
import { findPayload } from './token-claims.ts'
import type { Upstream } from './upstream.ts'
import { timeoutSeconds, upstreamUrl } from './url.ts'

/** GeoLens: download tokens of two minutes, each for one dataset of the grant's list. */
export const geolensSchema = z
  .strictObject({
    kind: z.literal('geolens'),
    url: upstreamUrl,
    /** Sent as `X-Api-Key`. */
    apiKey: secretSchema.optional(),
    /** Sent as a bearer token, in place of a key. */
    token: secretSchema.optional(),
    timeoutSeconds,
  })
  .refine(({ apiKey, token }) => (apiKey === undefined) !== (token === undefined), {
    path: ['apiKey'],
    error: 'must be set, or else "token", and not both',
  })

/** Settings of a GeoLens upstream. */
export type GeoLensSettings = z.output<typeof geolensSchema>

/** The one credential of checked settings, and how it is sent. */
export function getCredential({ apiKey, token }: GeoLensSettings): {
  readonly field: 'apiKey' | 'token'
  readonly source: SecretSource
} {
  if (apiKey) return { field: 'apiKey', source: apiKey }
  if (token) return { field: 'token', source: token }
  throw new TypeError('settings that were not checked')
}

/** What its API allows at most, in seconds. */
const MAX_SECONDS = 120

/** Asks `POST /auth/download-token/{id}`. */
export function createGeoLensUpstream(
  url: string,
  secret: Secret,
  field: 'apiKey' | 'token',
): Upstream {
  return async ({ dataset = '' }, send) => {
    const value = await readHeaderSecret(secret)
    const { token, expires_in } = await send(
      `${url}/auth/download-token/${encodeURIComponent(dataset)}`,
      {
        headers: field === 'apiKey' ? { 'x-api-key': value } : { authorization: `Bearer ${value}` },
      },
    )
    const { typ, scope } = findPayload(String(token)) ?? {}
    if (typ !== 'download' || scope !== `dataset:${dataset}`)
      throw new UpstreamInvalidError('answered no download token of this dataset')
    if (!(Number(expires_in) <= MAX_SECONDS))
      throw new UpstreamInvalidError(`answered a token that lasts longer than ${MAX_SECONDS} s`)
    return { token, expiresInSeconds: expires_in, scope }
  }
}
