import { type Request, type Response, Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { readBearer } from '../../http/bearer.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { InvalidCredentialsError, InvalidRefreshTokenError } from '../../sessions/errors.ts'
import type { SessionTokens } from '../../sessions/sessions.ts'
import { findText, readPassword, readText } from './body.ts'
import {
  clearRefreshCookie,
  findRefreshCookie,
  setRefreshCookie,
  usesRefreshCookie,
} from './refresh-cookie.ts'
import type { LoginSurface } from './surface.ts'

/** `POST /token`, `/token/refresh` and `/logout`. */
export function createTokenRoutes({ passwordSignIn, sessions, now }: LoginSurface): Router {
  const router = Router({ caseSensitive: true, strict: true })

  const send = (request: Request, response: Response, tokens: SessionTokens) => {
    const { token, refreshToken, expiresInSeconds, familyExpiresAt } = tokens
    const inCookie = usesRefreshCookie(request)
    if (inCookie) setRefreshCookie(response, refreshToken, familyExpiresAt, now())
    response.set(NEVER_STORED).json({
      token,
      ...(inCookie ? {} : { refresh_token: refreshToken }),
      token_type: 'Bearer',
      expires_in: expiresInSeconds,
    })
  }

  const refresh = async (request: Request, response: Response, token: string) =>
    send(request, response, await sessions.refresh(token, request.get('Idempotency-Key')))

  router
    .route('/token')
    .post(async (request, response) => {
      const body = await readJsonBody(request)
      const isSignIn = Object.hasOwn(body, 'username') || Object.hasOwn(body, 'password')
      const token = findText(body, 'refresh_token')
      if (isSignIn && token !== undefined)
        throw new InvalidRequestError('Send "username" and "password", or "refresh_token"')
      const spent = token ?? (isSignIn ? undefined : findRefreshCookie(request))
      if (spent !== undefined) return refresh(request, response, spent)
      const username = readText(body, 'username')
      const password = readPassword(body, 'password')
      const signIn = await passwordSignIn.check({ username, password, address: request.ip })
      const tokens = await sessions.open(signIn)
      if (!tokens) throw new InvalidCredentialsError()
      send(request, response, tokens)
    })
    .all(refuseOtherMethods('POST'))

  router
    .route('/token/refresh')
    .post(async (request, response) => {
      const token = findText(await readJsonBody(request), 'refresh_token')
      const spent = token ?? findRefreshCookie(request)
      if (spent === undefined && usesRefreshCookie(request)) throw new InvalidRefreshTokenError()
      if (spent === undefined) throw new InvalidRequestError('"refresh_token" must be a string')
      await refresh(request, response, spent)
    })
    .all(refuseOtherMethods('POST'))

  router
    .route('/logout')
    .post(async (request, response) => {
      const token = findText(await readJsonBody(request), 'refresh_token')
      const spent = token ?? findRefreshCookie(request)
      if (spent !== undefined) await sessions.endByRefreshToken(spent)
      else await sessions.end((await sessions.authenticate(readBearer(request))).family)
      if (usesRefreshCookie(request)) clearRefreshCookie(response)
      response.set(NEVER_STORED).status(204).end()
    })
    .all(refuseOtherMethods('POST'))
  return router
}

const NEVER_STORED = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
}
