import type { Request, Router } from 'express'
import { readBearer } from '../../http/bearer.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import { readSender } from '../../http/sender.ts'
import { InvalidSessionError } from '../../sessions/errors.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { PasswordSignIn } from '../../sessions/sign-in.ts'
import { readPassword } from './body.ts'
import { findDeviceCookie } from './device-cookie.ts'
import { clearRefreshCookie, usesRefreshCookie } from './refresh-cookie.ts'

/** What the account routes need. */
export interface AccountRoutesParts {
  readonly passwordSignIn: Pick<PasswordSignIn, 'check' | 'changePassword'>
  readonly sessions: Pick<Sessions, 'authenticate'>
}

/** `GET /account` and `POST /account/password`, for clients with a session. */
export function createAccountRoutes({ passwordSignIn, sessions }: AccountRoutesParts): Router {
  const authenticate = (request: Request) =>
    sessions.authenticate(readBearer(request, () => new InvalidSessionError()))

  const router = createRouter()
  addRoute(router, '/account', {
    get: async (request, response) => {
      const { account } = await authenticate(request)
      const { name, orgId, email = null } = account
      response
        .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
        .json({ username: name, org_id: orgId, email })
    },
  })

  addRoute(router, '/account/password', {
    post: async (request, response) => {
      const { account } = await authenticate(request)
      const body = await readJsonBody(request)
      const password = readPassword(body, 'password')
      const next = readPassword(body, 'new_password')
      const signIn = await passwordSignIn.check({
        username: account.name,
        password,
        sender: readSender(request),
        device: findDeviceCookie(request),
      })
      await passwordSignIn.changePassword(signIn, next, readSender(request))
      if (usesRefreshCookie(request)) clearRefreshCookie(response)
      response.set('Cache-Control', 'no-store').status(204).end()
    },
  })
  return router
}
