import type { TileClaims } from '@tilepass/guard'
import type { Form } from '../../http/form-body.ts'
import { InvalidScopeError, UnauthorizedError } from '../../issuer/errors.ts'
import { MAX_ACCESS_SECONDS } from '../../issuer/kinds.ts'
import type { MintedToken } from '../../issuer/mint.ts'
import type { OrganisationClient } from '../../issuer/organisation-tokens.ts'
import { findScopes } from '../../issuer/scopes.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import { parseTileTexts, TILE_FIELDS } from '../../issuer/tile-claims.ts'
import { InvalidClientError, OauthError } from './errors.ts'

/** The grant type of RFC 8693. */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** The type of the issued token. */
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt'
const TTL_SECONDS = Math.min(3600, MAX_ACCESS_SECONDS)

/** A parsed token exchange request. */
export interface TokenExchangeRequest {
  readonly subjectToken: string
  /** If absent, all scopes of the subject token. */
  readonly scopes: readonly string[] | undefined
  /** Restricts the tiles of the subject token further. */
  readonly tiles: TileClaims | undefined
}

/**
 * Reads a token exchange request.
 *
 * @throws {@link OauthError}
 * @see RFC 8693 §2.1
 */
export function parseTokenExchange(form: Form, issuer: string): TokenExchangeRequest {
  if (getParameter(form, 'grant_type') !== TOKEN_EXCHANGE)
    throw new OauthError('unsupported_grant_type', `grant_type must be ${TOKEN_EXCHANGE}`)
  const subjectToken = getParameter(form, 'subject_token')
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
    throw new OauthError(
      'invalid_scope',
      'scope must be a list of scopes separated by single spaces',
    )
  return { subjectToken, scopes, tiles: parseTiles(form) }
}

/**
 * Exchanges a subject token. An authenticated client must be of the organisation of that token.
 *
 * @throws {@link OauthError}; {@link InvalidClientError}
 * @see RFC 8693 §2.2
 */
export async function exchangeSubject(
  subjectTokens: SubjectTokens,
  { subjectToken, scopes, tiles }: TokenExchangeRequest,
  client: OrganisationClient | undefined,
): Promise<MintedToken> {
  try {
    const subject = await subjectTokens.authenticate(subjectToken, 'exchange', {
      enforcesTileClaims: true,
    })
    if (client && client.orgId !== subject.claims.org_id) throw new InvalidClientError()
    const request = { ttl: TTL_SECONDS, ...(scopes && { scopes }), ...(tiles && { tiles }) }
    return await subjectTokens.exchange(subject, request)
  } catch (error) {
    if (error instanceof UnauthorizedError)
      throw new OauthError('invalid_request', 'subject_token is not valid', { cause: error })
    if (error instanceof InvalidScopeError) throw new OauthError('invalid_scope', error.message)
    throw error
  }
}

/** @throws {@link OauthError} naming the parameter and its rule. */
function parseTiles(form: Form): TileClaims | undefined {
  try {
    return parseTileTexts(
      Object.fromEntries(TILE_FIELDS.map((name) => [name, form.get(name) ?? undefined])),
    )
  } catch (error) {
    if (error instanceof RangeError) throw new OauthError('invalid_request', error.message)
    throw error
  }
}

/** Reads a required parameter. @throws {@link OauthError} */
export function getParameter(form: Form, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw new OauthError('invalid_request', `${name} is required`)
  return value
}

function assertTokenType(type: string, name: string): void {
  if (type !== ACCESS_TOKEN_TYPE && type !== JWT_TYPE)
    throw new OauthError('invalid_request', `${name} must be ${ACCESS_TOKEN_TYPE} or ${JWT_TYPE}`)
}
