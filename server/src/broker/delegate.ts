import type { RequestHandler, Router } from 'express'

/** Creates a handler that stays the same while the router behind it is replaced. */
export function delegateTo(getRouter: () => Router): RequestHandler {
  const handler: RequestHandler = (request, response, next) => getRouter()(request, response, next)
  // Tools that list the routes of an Express app read the stacks of its routers.
  return Object.defineProperty(handler, 'stack', { get: () => getRouter().stack })
}
