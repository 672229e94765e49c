import type { Request } from 'express'
import type { Form } from '../../http/form-body.ts'
import { UnauthorizedError } from '../../issuer/errors.ts'
import type { OrganisationClient } from '../../issuer/organisation-tokens.ts'
import type { ApiTokenUse } from '../../issuer/read-only.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import type { Usage } from '../../usage/usage.ts'
import { InvalidClientError, OauthError } from './errors.ts'

/**
 * Finds the client of a request: an API token, whose id is the client id and whose string is the
 * secret. `undefined` if the request has no client credentials.
 */
export type FindClient = (
  request: Request,
  form: Form,
  use: ApiTokenUse,
) => Promise<OrganisationClient | undefined>

/**
 * Creates the client authentication: `client_secret_basic` or `client_secret_post`, never both.
 *
 * @throws {@link InvalidClientError}; {@link OauthError} for both at once; `ReadOnlyTokenError`.
 * @see RFC 6749 §2.3.1
 */
export function createFindClient(
  subjectTokens: Pick<SubjectTokens, 'authenticate'>,
  usage: Pick<Usage, 'record'>,
): FindClient {
  return async (request, form, use) => {
    const basic = readBasic(request)
    const secret = form.get('client_secret')
    if (basic && secret !== undefined)
      throw new OauthError(
        'invalid_request',
        'Use either HTTP Basic or client_secret to authenticate the client, not both',
      )
    if (!basic && secret === undefined) return
    const id = basic?.id ?? form.get('client_id')
    const claims = await authenticate(subjectTokens, basic?.secret ?? secret ?? '', use)
    if (claims.sub !== id) throw new InvalidClientError()
    const named = form.get('client_id')
    if (named !== undefined && named !== id) throw new InvalidClientError()
    usage.record(claims, 'oauth')
    return { id, orgId: claims.org_id }
  }
}

async function authenticate(
  subjectTokens: Pick<SubjectTokens, 'authenticate'>,
  secret: string,
  use: ApiTokenUse,
) {
  try {
    return (await subjectTokens.authenticate(secret, use)).claims
  } catch (error) {
    if (error instanceof UnauthorizedError) throw new InvalidClientError({ cause: error })
    throw error
  }
}

function readBasic(request: Request): { id: string; secret: string } | undefined {
  const headers = request.rawHeaders.filter(
    (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'authorization',
  )
  if (headers.length === 0) return
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(headers[0] ?? '')?.[1]
  if (headers.length > 1 || encoded === undefined) throw new InvalidClientError()
  const [id, secret] = Buffer.from(encoded, 'base64').toString('utf8').split(/:(.*)/s)
  if (id === undefined || secret === undefined) throw new InvalidClientError()
  return { id: decodeForm(id), secret: decodeForm(secret) }
}

// Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1).
function decodeForm(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    throw new InvalidClientError()
  }
}
