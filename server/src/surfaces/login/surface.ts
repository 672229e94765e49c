import { Router } from 'express'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { PasswordSignIn } from '../../sessions/sign-in.ts'
import { createAccountRoutes } from './account-routes.ts'
import { createLoginErrorHandler } from './errors.ts'
import { createTokenRoutes } from './token-routes.ts'

/** What the login surface needs. */
export interface LoginSurface {
  readonly passwordSignIn: PasswordSignIn
  readonly sessions: Sessions
  /** Epoch ms. */
  readonly now: () => number
  readonly report: FailureReporter
}

/** Sign-in with user name and password. Without CORS: for pages of this origin, and for backends. */
export function createLoginSurface(surface: LoginSurface): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.use(createTokenRoutes(surface))
  router.use(createAccountRoutes(surface))
  router.use(PATHS, createLoginErrorHandler(surface.report))
  return router
}

const PATHS = ['/token', '/logout', '/account']
