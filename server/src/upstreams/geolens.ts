import { z } from 'zod'
import { UpstreamInvalidError } from './errors.ts'
import type { UpstreamKind } from './kind.ts'
import { readHeaderSecret } from './secret.ts'
import { secretSchema } from './secret-source.ts'
import { timeoutSeconds } from './timeout.ts'
import { findPayload } from './unverified-claims.ts'
import { QUOTABLE_URL, upstreamUrl } from './url.ts'

const schema = z
  .strictObject({
    kind: z.literal('geolens'),
    url: upstreamUrl.describe('Base URL of the API.'),
    apiKey: secretSchema
      .optional()
      .describe('Sent as `X-Api-Key`. Set either `apiKey` or `token`.'),
    token: secretSchema.optional().describe('Sent as a bearer token.'),
    timeoutSeconds,
  })
  .refine(({ apiKey, token }) => (apiKey === undefined) !== (token === undefined), {
    path: ['apiKey'],
    error: 'or "token" must be set, and not both',
  })

const MAX_SECONDS = 120

/** GeoLens: download tokens from `POST /auth/download-token/{id}`, each for one dataset of the grant. */
export const geolens: UpstreamKind<typeof schema, 'apiKey' | 'token'> = {
  name: 'geolens',
  schema,
  secrets: { apiKey: 'credential', token: 'credential' },
  quotable: { url: QUOTABLE_URL },
  grantFields: {
    scope: { forbidden: 'has no scopes' },
    expiresInSeconds: { forbidden: 'sets the lifetime of its tokens itself' },
    datasets: 'required',
  },
  maxLifetimeSeconds: MAX_SECONDS,
  open: ({ url }, { apiKey, token: bearer }) => {
    const authenticate = async (): Promise<Record<string, string>> => {
      if (apiKey) return { 'x-api-key': await readHeaderSecret(apiKey) }
      return bearer ? { authorization: `Bearer ${await readHeaderSecret(bearer)}` } : {}
    }
    return async ({ dataset = '' }, send) => {
      const headers = await authenticate()
      const target = `${url}/auth/download-token/${encodeURIComponent(dataset)}`
      const { token, expires_in: expiresInSeconds } = await send(target, { headers })
      const { typ, scope } = findPayload(String(token)) ?? {}
      if (typ !== 'download' || scope !== `dataset:${dataset}`)
        throw new UpstreamInvalidError('token is not a download token of the requested dataset')
      // Stricter than the general check, which allows for different clocks.
      if (!(Number(expiresInSeconds) <= MAX_SECONDS))
        throw new UpstreamInvalidError(`token lasts longer than ${MAX_SECONDS} s`)
      return { token, expiresInSeconds, scope }
    }
  },
}
