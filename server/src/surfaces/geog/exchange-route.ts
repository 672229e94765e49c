import type { Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { readBearer } from '../../http/bearer.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { InvalidTtlError, UnauthorizedError } from '../../issuer/errors.ts'
import type { Exchange, ExchangeRequest } from '../../issuer/exchange.ts'
import { MAX_ACCESS_SECONDS } from '../../issuer/kinds.ts'
import { findScopes } from '../../issuer/scopes.ts'
import { sendAccessToken } from '../token-response.ts'

const DEFAULT_TTL_SECONDS = 3600

/**
 * `POST /v1/auth/token`, for backends: without CORS, and with the subject token in the header only.
 *
 * @param now Epoch ms.
 */
export function createExchangeRoute(exchange: Exchange, now: () => number): Router {
  const router = createRouter()
  addRoute(router, '/v1/auth/token', {
    post: async (request, response) => {
      const subjectToken = readBearer(request, () => new UnauthorizedError())
      const subject = await exchange.authenticate(subjectToken, { keepsTileClaims: true })
      const wanted = parseExchangeRequest(await readJsonBody(request))
      sendAccessToken(response, await exchange.exchange(subject, wanted), now())
    },
  })
  return router
}

/**
 * Reads an exchange request. Other members are ignored; the restrictions of tiles are inherited.
 *
 * @throws {@link InvalidTtlError}, {@link InvalidRequestError}
 */
export function parseExchangeRequest(body: Readonly<Record<string, unknown>>): ExchangeRequest {
  const ttl = Object.hasOwn(body, 'ttl') ? body.ttl : DEFAULT_TTL_SECONDS
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 1 || ttl > MAX_ACCESS_SECONDS)
    throw new InvalidTtlError()
  if (!Object.hasOwn(body, 'scope')) return { ttl }
  const scopes = typeof body.scope === 'string' ? findScopes(body.scope) : undefined
  if (!scopes)
    throw new InvalidRequestError('"scope" must be a list of scopes separated by single spaces')
  return { ttl, scopes }
}
