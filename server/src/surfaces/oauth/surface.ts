import type { TokenClaims } from '@tilepass/guard'
import { type RequestHandler, Router } from 'express'
import { readFormBody } from '../../http/form-body.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import type { PublicUrl } from '../../http/public-url.ts'
import type { Issuer } from '../../issuer/issuer.ts'
import { toObtainedToken } from '../../issuer/obtained-token.ts'
import type { SubjectTokens } from '../../issuer/subject-tokens.ts'
import { createOwnVerifier } from '../../issuer/verify.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Store } from '../../store/open.ts'
import type { Usage } from '../../usage/usage.ts'
import { createFindClient } from './client.ts'
import { createOauthErrorHandler, InvalidClientError } from './errors.ts'
import { toMetadata } from './metadata.ts'
import { createOrganisationTokens } from './own-tokens.ts'
import {
  ACCESS_TOKEN_TYPE,
  exchangeSubject,
  getParameter,
  parseTokenExchange,
} from './token-exchange.ts'

/** What the OAuth surface needs. */
export interface OauthSurface {
  readonly store: Store
  readonly subjectTokens: SubjectTokens
  readonly issuer: Issuer
  readonly usage: Usage
  readonly publicUrl: PublicUrl
  readonly report: FailureReporter
}

const ENDPOINTS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke']
const METADATA = '/.well-known/oauth-authorization-server'

/** Token exchange (RFC 8693), introspection (7662), revocation (7009) and metadata (8414). */
export function createOauthSurface(surface: OauthSurface): Router {
  const { store, subjectTokens, issuer, usage, publicUrl, report } = surface
  const { url, now } = issuer
  const findClient = createFindClient(subjectTokens, usage)
  const tokens = createOrganisationTokens(store, createOwnVerifier(issuer, 'tiles'), now)

  const router = Router({ caseSensitive: true, strict: true })
  router.use(ENDPOINTS, neverStore)

  router
    .route('/oauth/token')
    .post(async (request, response) => {
      const form = await readFormBody(request)
      const client = await findClient(request, form)
      const wanted = parseTokenExchange(form, url)
      const { access } = await exchangeSubject(subjectTokens, wanted, client)
      const { token, scope, expiresInSeconds } = toObtainedToken(access, now())
      response.json({
        access_token: token,
        issued_token_type: ACCESS_TOKEN_TYPE,
        token_type: 'Bearer',
        expires_in: expiresInSeconds,
        scope,
      })
    })
    .all(refuseOtherMethods('POST'))

  router
    .route('/oauth/introspect')
    .post(async (request, response) => {
      const form = await readFormBody(request)
      const client = await findClient(request, form)
      if (!client) throw new InvalidClientError()
      const claims = await tokens.find(client, getParameter(form, 'token'))
      response.json(claims ? describe(claims) : { active: false })
    })
    .all(refuseOtherMethods('POST'))

  router
    .route('/oauth/revoke')
    .post(async (request, response) => {
      const form = await readFormBody(request)
      const client = await findClient(request, form)
      if (!client) throw new InvalidClientError()
      await tokens.revoke(client, getParameter(form, 'token'))
      response.status(200).end()
    })
    .all(refuseOtherMethods('POST'))

  router
    .route(METADATA)
    .get((_request, response) => {
      response
        .set({ 'Cache-Control': 'public, max-age=3600', 'Access-Control-Allow-Origin': '*' })
        .json(toMetadata(url, publicUrl.current ?? url))
    })
    .all(refuseOtherMethods('GET, HEAD'))

  // Other paths below /oauth may be the host application's.
  router.use([...ENDPOINTS, METADATA], createOauthErrorHandler(report))
  return router
}

const neverStore: RequestHandler = (_request, response, next) => {
  response.set({
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  })
  next()
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
  }
}
