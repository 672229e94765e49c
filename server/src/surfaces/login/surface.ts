import type { Router } from 'express'
import { createErrorHandler } from '../../http/error-handler.ts'
import { createRouter } from '../../http/router.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import type { DeviceCookies } from '../../sessions/device-cookies.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { PasswordSignIn } from '../../sessions/sign-in.ts'
import { createAccountRoutes } from './account-routes.ts'
import { renderLoginError } from './errors.ts'
import { createSignInRoutes } from './sign-in-routes.ts'

/** What the login surface needs. */
export interface LoginSurfaceParts {
  readonly passwordSignIn: PasswordSignIn
  readonly sessions: Sessions
  readonly devices: DeviceCookies
  /** Epoch ms. */
  readonly now: () => number
  readonly report: RequestReporter
}

/** Sign-in with user name and password. Without CORS: for pages of this origin, and for backends. */
export function createLoginSurface(parts: LoginSurfaceParts): Router {
  const { passwordSignIn, sessions, devices, now, report } = parts
  const router = createRouter()
  router.use(createSignInRoutes({ passwordSignIn, sessions, devices, now }))
  router.use(createAccountRoutes({ passwordSignIn, sessions }))
  router.use(['/token', '/logout', '/account'], createErrorHandler(renderLoginError, report))
  return router
}
