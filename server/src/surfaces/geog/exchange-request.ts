import { InvalidRequestError } from '../../errors.ts'
import type { JsonBody } from '../../http/json-body.ts'
import { InvalidTtlError } from '../../issuer/errors.ts'
import { MAX_ACCESS_SECONDS } from '../../issuer/kinds.ts'
import { findScopes } from '../../issuer/scopes.ts'
import type { ExchangeRequest } from '../../issuer/subject-tokens.ts'

const DEFAULT_TTL_SECONDS = 3600

/**
 * Reads an exchange request. Other members are ignored; the restrictions of tiles are inherited.
 *
 * @throws {@link InvalidTtlError}, {@link InvalidRequestError}
 */
export function parseExchangeRequest(body: JsonBody): ExchangeRequest {
  const ttl = Object.hasOwn(body, 'ttl') ? body.ttl : DEFAULT_TTL_SECONDS
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 1 || ttl > MAX_ACCESS_SECONDS)
    throw new InvalidTtlError()
  if (!Object.hasOwn(body, 'scope')) return { ttl }
  const scopes = typeof body.scope === 'string' ? findScopes(body.scope) : undefined
  if (!scopes)
    throw new InvalidRequestError('"scope" must be a list of scopes separated by single spaces')
  return { ttl, scopes }
}
