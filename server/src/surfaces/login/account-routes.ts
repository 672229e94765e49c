import { Router } from 'express'
import { readBearer } from '../../http/bearer.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { readPassword } from './body.ts'
import { clearRefreshCookie, usesRefreshCookie } from './refresh-cookie.ts'
import type { LoginSurface } from './surface.ts'

/** `GET /account` and `POST /account/password`, for whoever has a session. */
export function createAccountRoutes({ passwordSignIn, sessions }: LoginSurface): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router
    .route('/account')
    .get(async (request, response) => {
      const { account } = await sessions.authenticate(readBearer(request))
      const { name, orgId, email = null } = account
      response
        .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
        .json({ username: name, org_id: orgId, email })
    })
    .all(refuseOtherMethods('GET, HEAD'))

  router
    .route('/account/password')
    .post(async (request, response) => {
      const { account } = await sessions.authenticate(readBearer(request))
      const body = await readJsonBody(request)
      const password = readPassword(body, 'password')
      const next = readPassword(body, 'new_password')
      const signIn = await passwordSignIn.check({
        username: account.name,
        password,
        address: request.ip,
      })
      await passwordSignIn.changePassword(signIn, next)
      if (usesRefreshCookie(request)) clearRefreshCookie(response)
      response.set('Cache-Control', 'no-store').status(204).end()
    })
    .all(refuseOtherMethods('POST'))
  return router
}
