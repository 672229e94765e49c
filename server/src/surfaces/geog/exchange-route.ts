import { GuardError, readCredential } from '@tilepass/guard'
import { Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { InvalidTtlError, UnauthorizedError } from '../../issuer/errors.ts'
import { MAX_ACCESS_SECONDS } from '../../issuer/kinds.ts'
import { toObtainedToken } from '../../issuer/obtained-token.ts'
import { findScopes } from '../../issuer/scopes.ts'
import type { ExchangeRequest, SubjectTokens } from '../../issuer/subject-tokens.ts'
import { sendAccessToken } from '../token-response.ts'

const DEFAULT_TTL_SECONDS = 3600

/**
 * `POST /v1/auth/token`, for backends: no CORS, the subject token in the header and nowhere else.
 *
 * @param now Epoch ms.
 */
export function createExchangeRoute(subjectTokens: SubjectTokens, now: () => number): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router
    .route('/v1/auth/token')
    .post(async (request, response) => {
      response.set('X-Content-Type-Options', 'nosniff')
      const subject = await subjectTokens.authenticate(readSubjectToken(request), {
        keepsTileClaims: true,
      })
      const wanted = parseExchangeRequest(await readJsonBody(request))
      const minted = await subjectTokens.exchange(subject, wanted)
      sendAccessToken(response, toObtainedToken(minted, now()))
    })
    .all(refuseOtherMethods('POST'))
  return router
}

/**
 * Reads what the client asks for. Other members change nothing; restrictions of tiles are inherited.
 *
 * @throws {@link InvalidTtlError}, {@link InvalidRequestError}
 */
export function parseExchangeRequest(body: Readonly<Record<string, unknown>>): ExchangeRequest {
  const ttl = Object.hasOwn(body, 'ttl') ? body.ttl : DEFAULT_TTL_SECONDS
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 1 || ttl > MAX_ACCESS_SECONDS)
    throw new InvalidTtlError()
  if (!Object.hasOwn(body, 'scope')) return { ttl }
  const scopes = typeof body.scope === 'string' ? findScopes(body.scope) : undefined
  if (!scopes) throw new InvalidRequestError('"scope" must be scopes separated by single spaces')
  return { ttl, scopes }
}

function readSubjectToken(request: Parameters<typeof readCredential>[0]): string {
  try {
    return readCredential(request, 'header')
  } catch (error) {
    if (!(error instanceof GuardError)) throw error
    throw error.status === 400 ? new InvalidRequestError(error.message) : new UnauthorizedError()
  }
}
