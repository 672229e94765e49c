import type { Request, Response, Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { readBearer } from '../../http/bearer.ts'
import { findText, readJsonBody } from '../../http/json-body.ts'
import { NO_STORE } from '../../http/no-store.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { readSender } from '../../http/sender.ts'
import type { DeviceCookies } from '../../sessions/device-cookies.ts'
import { InvalidRefreshTokenError, InvalidSessionError } from '../../sessions/errors.ts'
import type { Sessions, SessionTokens } from '../../sessions/sessions.ts'
import type { PasswordSignIn } from '../../sessions/sign-in.ts'
import { readPassword, readText } from './body.ts'
import { findDeviceCookie, setDeviceCookie } from './device-cookie.ts'
import {
  clearRefreshCookie,
  findRefreshCookie,
  setRefreshCookie,
  usesRefreshCookie,
} from './refresh-cookie.ts'

/** What the sign-in routes need. */
export interface SignInRoutesParts {
  readonly passwordSignIn: Pick<PasswordSignIn, 'check'>
  readonly sessions: Pick<
    Sessions,
    'open' | 'refresh' | 'authenticate' | 'end' | 'endByRefreshToken'
  >
  readonly devices: Pick<DeviceCookies, 'create'>
  /** Epoch ms. */
  readonly now: () => number
}

/** `POST /token`, `/token/refresh` and `/logout`. */
export function createSignInRoutes(parts: SignInRoutesParts): Router {
  const { passwordSignIn, sessions, devices, now } = parts
  const router = createRouter()

  const send = (
    request: Request,
    response: Response,
    tokens: SessionTokens,
    newDevice?: string,
  ) => {
    const { token, refreshToken, expiresInSeconds, familyExpiresAt } = tokens
    const inCookie = usesRefreshCookie(request)
    if (inCookie) setRefreshCookie(response, refreshToken, familyExpiresAt, now())
    if (inCookie && newDevice !== undefined) setDeviceCookie(response, newDevice)
    response.set(NO_STORE).json({
      token,
      ...(inCookie ? {} : { refresh_token: refreshToken }),
      token_type: 'Bearer',
      expires_in: expiresInSeconds,
    })
  }

  const refresh = async (request: Request, response: Response, token: string) =>
    send(
      request,
      response,
      await sessions.refresh(token, request.get('Idempotency-Key'), readSender(request)),
    )

  addRoute(router, '/token', {
    post: async (request, response) => {
      const body = await readJsonBody(request)
      const isSignIn = Object.hasOwn(body, 'username') || Object.hasOwn(body, 'password')
      const sent = findText(body, 'refresh_token')
      if (isSignIn && sent !== undefined)
        throw new InvalidRequestError('Send either "username" and "password" or "refresh_token"')
      const refreshToken = sent ?? (isSignIn ? undefined : findRefreshCookie(request))
      if (refreshToken !== undefined) return refresh(request, response, refreshToken)
      const username = readText(body, 'username')
      const password = readPassword(body, 'password')
      const sender = readSender(request)
      const device = findDeviceCookie(request)
      const signIn = await passwordSignIn.check({ username, password, sender, device })
      const tokens = await sessions.open(signIn, sender)
      // The new cookie takes its place, so that nobody could end it any more.
      const previous = findRefreshCookie(request)
      if (previous !== undefined) await sessions.endByRefreshToken(previous, sender, 'new sign-in')
      send(request, response, tokens, await devices.create(signIn.account))
    },
  })

  addRoute(router, '/token/refresh', {
    post: async (request, response) => {
      const refreshToken = await findRefreshToken(request)
      if (refreshToken !== undefined) return refresh(request, response, refreshToken)
      if (usesRefreshCookie(request)) throw new InvalidRefreshTokenError()
      throw new InvalidRequestError('"refresh_token" must be a string')
    },
  })

  addRoute(router, '/logout', {
    post: async (request, response) => {
      const refreshToken = await findRefreshToken(request)
      if (refreshToken !== undefined)
        await sessions.endByRefreshToken(refreshToken, readSender(request), 'logout')
      else {
        const token = readBearer(request, () => new InvalidSessionError())
        await sessions.end(await sessions.authenticate(token), readSender(request))
      }
      if (usesRefreshCookie(request)) clearRefreshCookie(response)
      response.set(NO_STORE).status(204).end()
    },
  })
  return router
}

/** The refresh token in the body, or else in the cookie. */
async function findRefreshToken(request: Request): Promise<string | undefined> {
  const sent = findText(await readJsonBody(request), 'refresh_token')
  return sent ?? findRefreshCookie(request)
}
