import { z } from 'zod'
import { UpstreamInvalidError, UpstreamRefusedError } from './errors.ts'
import type { OpenedSecrets, UpstreamKind } from './kind.ts'
import { secretSchema } from './secret-source.ts'
import { timeoutSeconds } from './timeout.ts'
import { assertBearer } from './token-type.ts'
import type { Upstream } from './upstream.ts'
import { endpointUrl, QUOTABLE_URL } from './url.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** Parameters that the broker sets itself. */
const RESERVED = [
  'grant_type',
  'client_id',
  'client_secret',
  'scope',
  'subject_token',
  'subject_token_type',
]

const schema = z
  .strictObject({
    kind: z.literal('oauth'),
    tokenUrl: endpointUrl.describe('URL of the token endpoint.'),
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe('Id of the client. Required unless `subjectToken` is set.'),
    clientSecret: secretSchema.optional().describe('Secret of the client.'),
    clientAuthentication: z
      .enum(['basic', 'post'])
      .default('basic')
      .describe('Where the client sends id and secret: in the header, or in the body (ArcGIS).'),
    subjectToken: secretSchema
      .optional()
      .describe('If set, this token is exchanged (RFC 8693) instead of client credentials.'),
    subjectTokenType: z
      .string()
      .min(1)
      .default(ACCESS_TOKEN)
      .describe('Type of the subject token (RFC 8693 §3).'),
    parameters: z
      .record(z.string(), z.string())
      .default({})
      .describe('Further parameters, such as `audience` or `resource`.'),
    timeoutSeconds,
  })
  .refine(
    ({ clientId, clientSecret }) => (clientId === undefined) === (clientSecret === undefined),
    {
      path: ['clientSecret'],
      error: 'must be set together with "clientId"',
    },
  )
  .refine(({ clientId, subjectToken }) => clientId !== undefined || subjectToken !== undefined, {
    path: ['clientId'],
    error: 'must be set unless "subjectToken" is',
  })
  .refine(({ parameters }) => !RESERVED.some((name) => Object.hasOwn(parameters, name)), {
    path: ['parameters'],
    error: `must not have ${RESERVED.join(', ')}, which the broker sets itself`,
  })

/**
 * Any OAuth 2.0 server: client credentials, or the exchange of a subject token.
 *
 * @see RFC 6749 §4.4, RFC 8693 §2.1
 */
export const oauth: UpstreamKind<typeof schema, 'clientSecret' | 'subjectToken'> = {
  name: 'oauth',
  schema,
  secrets: { clientSecret: 'credential', subjectToken: 'credential' },
  quotable: { tokenUrl: QUOTABLE_URL, clientAuthentication: /^[a-z_]{1,24}$/ },
  grantFields: {
    scope: 'optional',
    expiresInSeconds: { forbidden: 'sets the lifetime of its tokens itself' },
    datasets: { forbidden: 'has no datasets' },
  },
  open: createOauth,
}

type Settings = z.output<typeof schema>

function createOauth(
  settings: Settings,
  { clientSecret, subjectToken }: OpenedSecrets<Settings, 'clientSecret' | 'subjectToken'>,
): Upstream {
  const { tokenUrl, clientId, clientAuthentication, subjectTokenType, parameters } = settings
  const authenticate = async () => {
    if (clientId === undefined || !clientSecret) return { headers: {}, form: {} }
    const secret = await clientSecret.read()
    if (clientAuthentication === 'post')
      return { headers: {}, form: { client_id: clientId, client_secret: secret } }
    return { headers: { authorization: formatBasic(clientId, secret) }, form: {} }
  }

  return async ({ scope }, send) => {
    const { headers, form } = await authenticate()
    const grant = subjectToken
      ? {
          grant_type: TOKEN_EXCHANGE,
          subject_token: await subjectToken.read(),
          subject_token_type: subjectTokenType,
        }
      : { grant_type: 'client_credentials' }
    const response = await send(tokenUrl, {
      headers,
      form: { ...parameters, ...grant, ...form, ...(scope === undefined ? {} : { scope }) },
    })
    // ArcGIS refuses with 200 and an error in the body.
    if (response.access_token === undefined && response.error !== undefined)
      throw new UpstreamRefusedError('returned 200 with an error')
    assertBearer(response.token_type)
    const { issued_token_type: issued = ACCESS_TOKEN } = response
    if (issued !== ACCESS_TOKEN && issued !== JWT)
      throw new UpstreamInvalidError('issued token is not an access token')
    return {
      token: response.access_token,
      expiresInSeconds: response.expires_in,
      scope: response.scope,
    }
  }
}

/** Both parts are form-encoded before they are joined. @see RFC 6749 §2.3.1 */
function formatBasic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeForm(id)}:${encodeForm(secret)}`).toString('base64')}`
}

function encodeForm(value: string): string {
  return new URLSearchParams({ value }).toString().slice('value='.length)
}
