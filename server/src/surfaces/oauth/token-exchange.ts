import { InvalidScopeError, UnauthorizedError } from '../../errors.ts'
import type { Form } from '../../http/form-body.ts'
import type { Exchange } from '../../issuer/exchange.ts'
import { MAX_ACCESS_SECONDS } from '../../issuer/kinds.ts'
import type { AccessToken } from '../../issuer/mint.ts'
import { findScopes } from '../../issuer/scopes.ts'
import type { Client } from './client.ts'
import { InvalidClientError, OauthError } from './errors.ts'

/** The grant type of RFC 8693. */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** What is handed out. */
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt'
const TTL_SECONDS = Math.min(3600, MAX_ACCESS_SECONDS)

/**
 * Exchanges the subject token of a form. A client that authenticates itself must be of the subject
 * token's organisation.
 *
 * @throws {@link OauthError}; {@link InvalidClientError}
 * @see RFC 8693 §2
 */
export async function exchangeForm(
  exchange: Exchange,
  form: Form,
  client: Client | undefined,
  issuer: string,
): Promise<AccessToken> {
  const grantType = getParameter(form, 'grant_type')
  if (grantType !== TOKEN_EXCHANGE)
    throw new OauthError('unsupported_grant_type', `grant_type must be ${TOKEN_EXCHANGE}`)
  const token = getParameter(form, 'subject_token')
  assertTokenType(getParameter(form, 'subject_token_type'), 'subject_token_type')
  assertTokenType(form.get('requested_token_type') ?? ACCESS_TOKEN_TYPE, 'requested_token_type')
  for (const name of ['actor_token', 'actor_token_type'])
    if (form.has(name)) throw new OauthError('invalid_request', 'Delegation is not supported')
  for (const name of ['audience', 'resource'])
    if ((form.get(name) ?? issuer) !== issuer)
      throw new OauthError('invalid_target', `${name} must be ${issuer}`)
  const scope = form.get('scope')
  const scopes = scope === undefined ? undefined : findScopes(scope)
  if (scope !== undefined && !scopes)
    throw new OauthError('invalid_scope', 'scope must be scopes separated by single spaces')

  try {
    const subject = await exchange.authenticate(token)
    if (client && client.orgId !== subject.claims.org_id) throw new InvalidClientError()
    return await exchange.exchange(subject, { ttl: TTL_SECONDS, ...(scopes ? { scopes } : {}) })
  } catch (error) {
    if (error instanceof UnauthorizedError)
      throw new OauthError('invalid_request', 'subject_token is not valid')
    if (error instanceof InvalidScopeError) throw new OauthError('invalid_scope', error.message)
    throw error
  }
}

/** @throws {@link OauthError} without it. */
export function getParameter(form: Form, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw new OauthError('invalid_request', `${name} is required`)
  return value
}

function assertTokenType(type: string, name: string): void {
  if (type !== ACCESS_TOKEN_TYPE && type !== JWT_TYPE)
    throw new OauthError('invalid_request', `${name} must be ${ACCESS_TOKEN_TYPE} or ${JWT_TYPE}`)
}
