import type { Request, RequestHandler, Response, Router } from 'express'
import { ForeignOriginError } from '../../grants/errors.ts'
import type { Grants } from '../../grants/grants.ts'
import { findLoopbackMismatch, isOriginAllowed, isOwnPage } from '../../grants/page-origin.ts'
import { requireSession } from '../../grants/page-session.ts'
import { toAddressKey } from '../../http/address-key.ts'
import { allowRequested, answerPreflight } from '../../http/cors.ts'
import { createErrorHandler } from '../../http/error-handler.ts'
import { assertMembers, findText, readJsonBody } from '../../http/json-body.ts'
import { addRoute, createRouter } from '../../http/router.ts'
import type { RateLimit } from '../../limits/rate-limit.ts'
import type { RequestReporter } from '../../observe/failures.ts'
import { noteFacts } from '../../observe/request-log.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { renderOauthError } from '../error-bodies.ts'
import { sendAccessToken } from '../token-response.ts'
import { bindToBrowser, sendTokenCookie } from './binding.ts'

/** What {@link createMapTokenSurface} needs. */
export interface MapTokenSurfaceParts {
  readonly grants: Grants
  readonly sessions: Sessions
  /** By address. */
  readonly limit: RateLimit
  /** By account, for grants that require a session. */
  readonly sessionLimit: RateLimit
  /** Origin of the URL at which clients reach the broker, which it may learn late. */
  readonly getOwnOrigin: () => string
  /** Epoch ms. */
  readonly now: () => number
  readonly report: RequestReporter
}

const PATH = '/map-token'

/** `POST /map-token`: a token for the page, by the name of its grant. */
export function createMapTokenSurface(parts: MapTokenSurfaceParts): Router {
  const { grants, sessions, limit, sessionLimit, getOwnOrigin, now, report } = parts
  const router = createRouter()
  addRoute(router, PATH, {
    cors: judgeOrigin(grants, getOwnOrigin),
    post: async (request, response) => {
      await limit.consume(toAddressKey(request.ip))
      const body = await readJsonBody(request)
      assertMembers(body, ['grant', 'dataset'])
      const name = findText(body, 'grant')
      const grant = grants.get(name)
      // Not before: a client may put anything there, a password included.
      noteFacts(request, { grant: grant.name, account: grant.account })
      if (!isOriginAllowed(request.headers, grant, getOwnOrigin())) throw new ForeignOriginError()
      const session = await requireSession(request, grant, sessions)
      if (session) await sessionLimit.consume(session.account.name)
      const cnf = await bindToBrowser(request, response, grant)
      const dataset = Object.hasOwn(body, 'dataset') ? body.dataset : undefined
      const token = await grants.obtain(grant, { dataset, session, cnf })
      if (grant.tokenCookie) sendTokenCookie(response, token, now())
      sendAccessToken(response, token)
    },
  })
  router.use(PATH, createErrorHandler(renderOauthError, report))
  return router
}

/**
 * CORS for the origins that any grant names. The browser sends no credentials, so an origin that only
 * another grant names learns at most which grants exist.
 *
 * Every other origin gets the same refusal, before anything else is looked at, so that it does not learn
 * which grants exist or how busy the broker is. It may read this refusal, so that the page's developer
 * learns the reason and the page stops asking.
 */
function judgeOrigin(
  { origins }: Grants,
  getOwnOrigin: () => string,
): (methods: string) => RequestHandler {
  const judge = ({ method, headers }: Request, response: Response) => {
    const { origin } = headers
    response.vary('Origin')
    if (origin !== undefined && (origins.has(origin) || origins.has('*')))
      response.set({
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After, Date, X-Request-Id',
      })
    else if (!isOwnPage(headers, getOwnOrigin())) {
      const isRefused = method === 'POST'
      if (isRefused || isPreflight(headers)) response.set('Access-Control-Allow-Origin', '*')
      if (isRefused) throw new ForeignOriginError(findLoopbackMismatch(headers))
    }
  }
  return (methods) => (request, response, next) => {
    judge(request, response)
    if (request.method !== 'OPTIONS') return next()
    const headers = allowRequested(request, response, 'Authorization, Content-Type')
    answerPreflight(response, { methods, headers })
  }
}

const isPreflight = (headers: Request['headers']) =>
  headers['access-control-request-method'] !== undefined
