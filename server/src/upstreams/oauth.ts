import { z } from 'zod'
import { UpstreamInvalidError, UpstreamRefusedError } from './errors.ts'
import { type Secret, secretSchema } from './secret.ts'
import { assertBearer } from './token-type.ts'
import type { Upstream } from './upstream.ts'
import { endpointUrl, timeoutSeconds } from './url.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** Parameters that the broker sets itself. */
const OWN = [
  'grant_type',
  'client_id',
  'client_secret',
  'scope',
  'subject_token',
  'subject_token_type',
]

/** Any OAuth 2.0 server: client credentials, or the exchange of a subject token. */
export const oauthSchema = z
  .strictObject({
    kind: z.literal('oauth'),
    tokenUrl: endpointUrl,
    clientId: z.string().min(1).optional(),
    clientSecret: secretSchema.optional(),
    /** How the client authenticates: in the header, or in the body as ArcGIS wants it. */
    clientAuthentication: z.enum(['basic', 'post']).default('basic'),
    /** With it, the token is exchanged (RFC 8693) in place of the client's credentials. */
    subjectToken: secretSchema.optional(),
    subjectTokenType: z.string().min(1).default(ACCESS_TOKEN),
    /** Further parameters, such as `audience` or `resource`. */
    parameters: z.record(z.string(), z.string()).default({}),
    timeoutSeconds,
  })
  .refine(
    ({ clientId, clientSecret }) => (clientId === undefined) === (clientSecret === undefined),
    {
      path: ['clientSecret'],
      error: 'must be set if "clientId" is, and only then',
    },
  )
  .refine(({ clientId, subjectToken }) => clientId !== undefined || subjectToken !== undefined, {
    path: ['clientId'],
    error: 'must be set unless "subjectToken" is',
  })
  .refine(({ parameters }) => !OWN.some((name) => Object.hasOwn(parameters, name)), {
    path: ['parameters'],
    error: `must not have ${OWN.join(', ')}, which the broker sets itself`,
  })

/** Settings of an OAuth upstream. */
export type OauthSettings = z.output<typeof oauthSchema>

/**
 * Asks a token endpoint.
 *
 * @see RFC 6749 §4.4, RFC 8693 §2.1
 */
export function createOauthUpstream(
  settings: OauthSettings,
  clientSecret: Secret | undefined,
  subjectToken: Secret | undefined,
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
    const wanted = subjectToken
      ? {
          grant_type: TOKEN_EXCHANGE,
          subject_token: await subjectToken.read(),
          subject_token_type: subjectTokenType,
        }
      : { grant_type: 'client_credentials' }
    const answer = await send(tokenUrl, {
      headers,
      form: { ...parameters, ...wanted, ...form, ...(scope === undefined ? {} : { scope }) },
    })
    // ArcGIS refuses with 200 and an error in the body.
    if (answer.access_token === undefined && answer.error !== undefined)
      throw new UpstreamRefusedError('answered 200 with an error')
    assertBearer(answer.token_type)
    const { issued_token_type: issued = ACCESS_TOKEN } = answer
    if (issued !== ACCESS_TOKEN && issued !== JWT)
      throw new UpstreamInvalidError('answered a token of another type than an access token')
    return {
      token: answer.access_token,
      expiresInSeconds: answer.expires_in,
      scope: answer.scope,
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
