import type { AdmissionOptions, VerifierChoice } from '../admission.ts'
import { createGate, type GateOptions } from '../gate.ts'
import { toPreflightHeaders } from '../http/cors.ts'
import type { RawRequest } from '../http/raw-request.ts'
import { createOwnFlight, type WaitUntil } from '../keys/single-flight.ts'
import type { TokenClaims } from '../token/claims.ts'
import { protectResponse } from './protect-response.ts'
import { readTarget } from './read-target.ts'

/** Settings of {@link createRequestCheck} and of `guard`: those of Express's guard. */
export type GuardOptions = GateOptions<Request> & AdmissionOptions & VerifierChoice

/** What a request gets: an answer, or the claims of its token. */
export type RequestCheckResult =
  | { readonly response: Response; readonly claims?: never; readonly protect?: never }
  | {
      readonly response?: never
      readonly claims: TokenClaims
      /**
       * Makes a handler's response one for this user only: `private`, `Vary`, CORS, and 304 if the client
       * has the body with the ETag that the handler set. It reads no body, and changes no given response.
       */
      protect(response: Response): Response
    }

/**
 * Checks one request. Never rejects because of a token.
 *
 * @param context `waitUntil` of the request's context, where runtimes end what a request started with it.
 *   Without it some request waits whenever the key set is fetched again.
 */
export type RequestCheck = (
  request: Request,
  context?: { readonly waitUntil?: WaitUntil | undefined },
) => Promise<RequestCheckResult>

/**
 * Creates the check for frameworks that call a function of their own: answer with `response` if there is
 * one, else with `protect(response)`. Where a line may be forgotten, use `guard` instead, which wraps the
 * handler. Nothing is fetched before the first request.
 *
 * @throws `TypeError` or `RangeError` for invalid options.
 */
export function createRequestCheck(options: GuardOptions): RequestCheck {
  const gate = createGate<Request>('createRequestCheck()', options, undefined, createOwnFlight)
  return async (request, { waitUntil } = {}) => {
    const { headers } = request
    if (request.method === 'OPTIONS') {
      const requested = headers.get('access-control-request-headers') ?? undefined
      return {
        response: new Response(null, { status: 204, headers: toPreflightHeaders(requested) }),
      }
    }
    const read = (name: string) => headers.get(name) ?? undefined
    try {
      const claims = await gate.admit(toRawRequest(request), {
        referer: read('referer'),
        origin: read('origin'),
        cookie: read('cookie'),
        waitUntil,
      })
      return { claims, protect: (response) => protectResponse(request, response, gate.vary) }
    } catch (error) {
      const { status, headers, body } = gate.refuse(error, request)
      const response = new Response(body, { status, headers })
      if (gate.vary) response.headers.set('Vary', gate.vary)
      return { response }
    }
  }
}

/** The part that credentials are read from. Repeated headers are joined in it already, by `fetch`. */
function toRawRequest({ headers, url }: Request): RawRequest {
  const rawHeaders = ['authorization', 'cookie'].flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [name, value]
  })
  return { rawHeaders, url: readTarget(url) }
}
