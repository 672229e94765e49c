import type { Router } from 'express'
import { readBearer } from '../../http/bearer.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { UnauthorizedError } from '../../issuer/errors.ts'
import { toObtainedToken } from '../../issuer/obtained-token.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import { sendAccessToken } from '../token-response.ts'
import { parseExchangeRequest } from './exchange-request.ts'

/**
 * `POST /v1/auth/token`, for backends: without CORS, and with the subject token in the header only.
 *
 * @param now Epoch ms.
 */
export function createExchangeRoute(subjectTokens: SubjectTokens, now: () => number): Router {
  const router = createRouter()
  addRoute(router, '/v1/auth/token', {
    post: async (request, response) => {
      const subjectToken = readBearer(request, () => new UnauthorizedError())
      const subject = await subjectTokens.authenticate(subjectToken, 'exchange', {
        enforcesTileClaims: true,
      })
      const wanted = parseExchangeRequest(await readJsonBody(request))
      const minted = await subjectTokens.exchange(subject, wanted)
      sendAccessToken(response, toObtainedToken(minted, now()))
    },
  })
  return router
}
