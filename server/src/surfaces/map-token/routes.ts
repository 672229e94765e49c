import { type Request, type Response, Router } from 'express'
import { InvalidRequestError } from '../../errors.ts'
import { findAskedDataset } from '../../grants/dataset.ts'
import { ForeignOriginError } from '../../grants/errors.ts'
import type { Grants } from '../../grants/grants.ts'
import type { Relay } from '../../grants/relay.ts'
import { readJsonBody } from '../../http/json-body.ts'
import { refuseOtherMethods } from '../../http/other-methods.ts'
import { toAddressKey } from '../../limits/address-key.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import type { FailureReporter } from '../../observe/failures.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { sendAccessToken, sendRelayedToken } from '../token-response.ts'
import { bindToBrowser, sendTokenCookie } from './binding.ts'
import { createMapTokenErrorHandler } from './errors.ts'
import { isOriginAllowed } from './origins.ts'
import { requireSession } from './session.ts'

/** What the map token surface needs. */
export interface MapTokenSurface {
  readonly grants: Grants
  readonly relay: Relay
  readonly sessions: Sessions
  readonly limit: RateLimit
  /** By account, for grants that ask for a session. */
  readonly sessionLimit: RateLimit
  /** Origin of the public URL, where it is known. */
  readonly ownOrigin: string | undefined
  /** Epoch ms. */
  readonly now: () => number
  readonly report: FailureReporter
}

/** `POST /map-token`: what a page may get, by the name of its grant. */
export function createMapTokenSurface(surface: MapTokenSurface): Router {
  const { grants, relay, sessions, limit, sessionLimit, ownOrigin, now, report } = surface
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
      limit.consume(toAddressKey(request.ip))
      const body = await readJsonBody(request)
      const grant = grants.get(findName(body, 'grant'))
      if (!isOriginAllowed(request, grant, ownOrigin)) throw new ForeignOriginError()
      const session = await requireSession(request, grant, sessions)
      if (session) sessionLimit.consume(session.account.name)
      response.set('X-Content-Type-Options', 'nosniff')
      if (!('upstream' in grant)) {
        const access = await grants.mint(grant, bindToBrowser(request, response, grant))
        if (grant.tokenCookie) sendTokenCookie(response, access, now())
        sendAccessToken(response, access, now())
        return
      }
      await grants.assertActive(grant)
      const dataset = findAskedDataset(grant, findName(body, 'dataset'))
      const token = await relay.obtain(grant, { dataset, session: session?.family })
      sendRelayedToken(response, token, now())
    })
    .all(refuseOtherMethods('POST, OPTIONS'))
  router.use('/map-token', createMapTokenErrorHandler(report))
  return router
}

// Without the browser's credentials, so an origin that some other grant names learns nothing.
function allowOrigin(grants: Grants, request: Request, response: Response): void {
  response.vary('Origin')
  const { origin } = request.headers
  if (origin === undefined || !(grants.origins.has(origin) || grants.origins.has('*'))) return
  response.set({
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After, Date',
  })
}

function findName(
  body: Readonly<Record<string, unknown>>,
  member: 'grant' | 'dataset',
): string | undefined {
  const name = Object.hasOwn(body, member) ? body[member] : undefined
  if (name !== undefined && typeof name !== 'string')
    throw new InvalidRequestError(`"${member}" must be a string`)
  return name
}
