import { type Request, type Response, Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { ForeignOriginError } from '../../grants/errors.ts'
import type { Grants } from '../../grants/grants.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import type { AddressLimit } from '../../limits/address-limit.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { sendAccessToken } from '../token-response.ts'
import { bindToBrowser, sendTokenCookie } from './binding.ts'
import { createMapTokenErrorHandler } from './errors.ts'
import { isOriginAllowed } from './origins.ts'
import { requireSession } from './session.ts'

/** What {@link createMapTokenSurface} needs. */
export interface MapTokenSurface {
  readonly grants: Grants
  readonly sessions: Sessions
  readonly limit: AddressLimit
  /** By account, for grants that require a session. */
  readonly sessionLimit: RateLimit
  /** Origin of the public URL, where it is known. */
  readonly ownOrigin: string | undefined
  /** Epoch ms. */
  readonly now: () => number
  readonly report: FailureReporter
}

/** `POST /map-token`: a token for the page, by the name of its grant. */
export function createMapTokenSurface(surface: MapTokenSurface): Router {
  const { grants, sessions, limit, sessionLimit, ownOrigin, now, report } = surface
  const router = Router({ caseSensitive: true, strict: true })
  router
    .route('/map-token')
    .all((request, response, next) => {
      allowOrigin(grants, request, response)
      next()
    })
    .options((request, response) => {
      response.set('Allow', 'POST, OPTIONS')
      if (request.headers['access-control-request-method'] !== undefined)
        response.set({
          'Access-Control-Allow-Methods': 'POST',
          'Access-Control-Allow-Headers': 'Authorization, Content-Type',
          'Access-Control-Max-Age': '7200',
        })
      response.status(204).end()
    })
    .post(async (request, response) => {
      await limit.consume(request.ip)
      const body = await readJsonBody(request)
      const grant = grants.get(findGrantName(body))
      if (!isOriginAllowed(request, grant, ownOrigin)) throw new ForeignOriginError()
      const session = await requireSession(request, grant, sessions)
      if (session) await sessionLimit.consume(session.account.name)
      response.set('X-Content-Type-Options', 'nosniff')
      const cnf = bindToBrowser(request, response, grant)
      const dataset = findMember(body, 'dataset')
      const token = await grants.obtain(grant, { dataset, session: session?.family, cnf })
      if (grant.tokenCookie) sendTokenCookie(response, token, now())
      sendAccessToken(response, token)
    })
    .all(refuseOtherMethods('POST, OPTIONS'))
  router.use('/map-token', createMapTokenErrorHandler(report))
  return router
}

// The browser sends no credentials, so that an origin which only another grant names learns nothing.
function allowOrigin(grants: Grants, request: Request, response: Response): void {
  response.vary('Origin')
  const { origin } = request.headers
  if (origin === undefined || !(grants.origins.has(origin) || grants.origins.has('*'))) return
  response.set({
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After, Date',
  })
}

function findGrantName(body: Readonly<Record<string, unknown>>): string | undefined {
  const name = findMember(body, 'grant')
  if (name !== undefined && typeof name !== 'string')
    throw new InvalidRequestError('"grant" must be a string')
  return name
}

function findMember(body: Readonly<Record<string, unknown>>, member: string): unknown {
  return Object.hasOwn(body, member) ? body[member] : undefined
}
