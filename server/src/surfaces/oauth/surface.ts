import type { TokenClaims } from '@tilepass/guard'
import type { Request, Router } from 'express'
import { createErrorHandler } from '../../http/error-handler.ts'
import { type Form, readFormBody } from '../../http/form-body.ts'
import { NO_STORE } from '../../http/no-store.ts'
import { addRoute, createRouter, refuseUnknownPath } from '../../http/router.ts'
import { readSender } from '../../http/sender.ts'
import type { Issuer } from '../../issuer/issuer.ts'
import { toObtainedToken } from '../../issuer/obtained-token.ts'
import type { OrganisationTokens } from '../../issuer/organisation-tokens.ts'
import type { ApiTokenUse } from '../../issuer/read-only.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import { createRateLimit } from '../../limits/rate-limit.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import { describeClaimed } from '../../observe/refusal-facts.ts'
import { noteFacts } from '../../observe/request-log.ts'
import type { Usage } from '../../usage/usage.ts'
import {
  InvalidClientError,
  renderRegisteredError,
  replaceReadOnlyErrors,
  TooManyRevocationsError,
} from './errors.ts'
import { createFindClient } from './find-client.ts'
import {
  ACCESS_TOKEN_TYPE,
  exchangeSubject,
  getParameter,
  parseTokenExchange,
} from './token-exchange.ts'

/** What the OAuth surface needs. */
export interface OauthSurfaceParts {
  readonly subjectTokens: SubjectTokens
  readonly tokens: OrganisationTokens
  readonly usage: Pick<Usage, 'record'>
  readonly issuer: Pick<Issuer, 'url' | 'now'>
  readonly report: RequestReporter
}

const ENDPOINTS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke']
/** Per client. What an expired session needs is one; guards read every revocation. */
const REVOCATIONS_PER_MINUTE = 60

/** Token exchange (RFC 8693), introspection (7662) and revocation (7009). */
export function createOauthSurface(parts: OauthSurfaceParts): Router {
  const { subjectTokens, tokens, usage, issuer, report } = parts
  const { url, now } = issuer
  const findClient = createFindClient(subjectTokens, usage)
  const requireClient = async (request: Request, form: Form, use: ApiTokenUse) => {
    const client = await findClient(request, form, use)
    if (!client) throw new InvalidClientError()
    return client
  }

  const revocations = createRateLimit(REVOCATIONS_PER_MINUTE)
  const router = createRouter()
  router.use(ENDPOINTS, (_request, response, next) => {
    response.set(NO_STORE)
    next()
  })

  addRoute(router, '/oauth/token', {
    post: async (request, response) => {
      const form = await readFormBody(request)
      const client = await findClient(request, form, 'exchange')
      const wanted = parseTokenExchange(form, url)
      noteFacts(request, { claimed: describeClaimed(wanted.subjectToken) })
      const minted = await exchangeSubject(subjectTokens, wanted, client)
      const { token, scope, expiresInSeconds } = toObtainedToken(minted, now())
      response.json({
        access_token: token,
        issued_token_type: ACCESS_TOKEN_TYPE,
        token_type: 'Bearer',
        expires_in: expiresInSeconds,
        scope,
      })
    },
  })

  addRoute(router, '/oauth/introspect', {
    post: async (request, response) => {
      const form = await readFormBody(request)
      const client = await requireClient(request, form, 'introspect')
      const claims = await tokens.find(client, getParameter(form, 'token'))
      response.json(claims ? describe(claims) : { active: false })
    },
  })

  addRoute(router, '/oauth/revoke', {
    post: async (request, response) => {
      const form = await readFormBody(request)
      const client = await requireClient(request, form, 'revoke')
      const { isExceeded, resetsIn } = await revocations.count(client.id)
      if (isExceeded) throw new TooManyRevocationsError(resetsIn / 1000)
      await tokens.revoke(client, getParameter(form, 'token'), readSender(request))
      response.status(200).end()
    },
  })

  // Other paths below /oauth may belong to the host application.
  router.use(ENDPOINTS, replaceReadOnlyErrors)
  router.use(ENDPOINTS, createErrorHandler(renderRegisteredError, report))
  return router
}

/** Refuses the paths below `/oauth` that no route has taken; for a broker that has the host to itself. */
export function createUnknownOauthPaths(report: RequestReporter): Router {
  const router = createRouter()
  router.use('/oauth', refuseUnknownPath, createErrorHandler(renderRegisteredError, report))
  return router
}

function describe(claims: TokenClaims): object {
  const { iss, aud, sub, jti, iat, exp, scope, org_id: orgId } = claims
  return {
    active: true,
    scope,
    client_id: claims.parent ?? sub,
    token_type: 'Bearer',
    exp,
    iat,
    sub,
    aud,
    iss,
    jti,
    org_id: orgId,
    ...(claims.tiles && { tiles: claims.tiles }),
    // Without it, a resource server would take the copy of a bound token for a plain one (RFC 8705 §3.2).
    ...(claims.cnf && { cnf: claims.cnf }),
  }
}
