import type { AdmissionOptions, VerifierChoice } from '../admission.ts'
import { createGate, type GateOptions } from '../gate.ts'
import { toPreflightHeaders } from '../http/cors.ts'
import type { RawRequest } from '../http/raw-request.ts'
import { createOwnFlight, type WaitUntil } from '../keys/single-flight.ts'
import { type CanonicalTarget, findCanonicalTarget } from '../tiles/canonical-path.ts'
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
  return createCheck('createRequestCheck()', options).check
}

/** What a guard knows of a request besides whether it passes. */
export interface Check {
  readonly check: RequestCheck
  /** The request's target without its token; `undefined` if servers could read its path in different ways. */
  findTarget(request: Request): CanonicalTarget | undefined
  /** Reports an error to `onRefusal`, and renders it. */
  refuse(error: unknown, request: Request): Response
}

/** Creates the check of one guard. @param owner The function that takes the options, for messages. */
export function createCheck(owner: string, options: GuardOptions): Check {
  const gate = createGate<Request>(owner, options, undefined, createOwnFlight)
  const refuse = (error: unknown, request: Request) => {
    const { status, headers, body } = gate.refuse(error, request)
    const response = new Response(body, { status, headers })
    if (gate.vary) response.headers.set('Vary', gate.vary)
    return response
  }
  const check: RequestCheck = async (request, { waitUntil } = {}) => {
    const { headers } = request
    const read = (name: string) => headers.get(name) ?? undefined
    if (request.method === 'OPTIONS') {
      const preflight = toPreflightHeaders(read('access-control-request-headers'))
      return { response: new Response(null, { status: 204, headers: preflight }) }
    }
    try {
      const claims = await gate.admit(toRawRequest(request), {
        referer: read('referer'),
        origin: read('origin'),
        cookie: read('cookie'),
        waitUntil,
      })
      return { claims, protect: (response) => protectResponse(request, response, gate.vary) }
    } catch (error) {
      return { response: refuse(error, request) }
    }
  }
  return {
    check,
    refuse,
    findTarget: ({ url }) => findCanonicalTarget(readTarget(url), gate.tokenParameter),
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
