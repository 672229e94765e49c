import { z } from 'zod'
import type { UpstreamKind } from './kind.ts'
import { readHeaderSecret } from './secret.ts'
import { secretSchema } from './secret-source.ts'
import { timeoutSeconds } from './timeout.ts'
import { assertBearer } from './token-type.ts'
import { QUOTABLE_URL, upstreamUrl } from './url.ts'

const schema = z.strictObject({
  kind: z.literal('geog'),
  url: upstreamUrl.default('https://api.geog.dev').describe('Base URL of the API.'),
  token: secretSchema.describe('The long-lived API token.'),
  timeoutSeconds,
})

/** A Geog API: exchanges a long-lived API token at `POST /v1/auth/token`. */
export const geog: UpstreamKind<typeof schema, 'token'> = {
  name: 'geog',
  schema,
  secrets: { token: 'credential' },
  quotable: { url: QUOTABLE_URL },
  grantFields: {
    scope: 'required',
    expiresInSeconds: 'optional',
    datasets: { forbidden: 'has no datasets' },
  },
  maxLifetimeSeconds: 14_400,
  open: ({ url }, { token }) => {
    return async ({ scope, expiresInSeconds }, send) => {
      const authorization = `Bearer ${await readHeaderSecret(token)}`
      const response = await send(`${url}/v1/auth/token`, {
        headers: { authorization },
        json: { ttl: expiresInSeconds, scope },
      })
      assertBearer(response.token_type)
      return {
        token: response.access_token,
        expiresInSeconds: response.expires_in,
        scope: response.scope,
      }
    }
  },
}
