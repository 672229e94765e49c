import type { NextFunction, Request, Response } from 'express'
import type { AdmissionOptions, VerifierChoice } from './admission.ts'
import { createGate, type GateOptions } from './gate.ts'
import { allowEveryOrigin, answerPreflight, sendAnswer } from './node/responses.ts'
import { addValidators } from './node/validators.ts'
import type { TokenClaims } from './token/claims.ts'

declare global {
  // biome-ignore lint/style/noNamespace: Express offers no other way to extend its Request
  namespace Express {
    interface Request {
      /** Claims of the verified token; {@link guard} sets them before later handlers run. */
      auth?: TokenClaims
    }
  }
}

/** Settings of {@link guard}: its own, and a verifier or the options to create one. */
export type GuardOptions = GateOptions<Request> & AdmissionOptions & VerifierChoice

/** The Express 5 handler that `guard` returns. */
export type GuardHandler = (
  request: Request,
  response: Response,
  next: NextFunction,
) => void | Promise<void>

/**
 * Creates an Express handler that passes on only requests with a valid token.
 *
 * CORS comes first, so that pages of other origins can read every status; OPTIONS is answered here.
 * Responses to permitted requests are `private` with a strong ETag, unless their handler decides
 * otherwise, and vary by `Authorization`. Refusals are never cached. Paths of `tiles` are relative to
 * the mount path.
 *
 * @throws `TypeError` or `RangeError` for invalid options.
 * @see RFC 6750
 */
export function guard(options: GuardOptions): GuardHandler {
  const { admit, refuse, vary } = createGate<Request>('guard()', options)

  const pass = (claims: TokenClaims, request: Request, response: Response, next: NextFunction) => {
    request.auth = claims
    addValidators(response)
    next()
  }

  return (request, response, next) => {
    allowEveryOrigin(response)
    if (request.method === 'OPTIONS') return answerPreflight(request, response)
    if (vary && response.hasHeader('Vary')) response.vary(vary)
    else if (vary) response.setHeader('Vary', vary)
    let admitted: TokenClaims | Promise<TokenClaims>
    try {
      admitted = admit(request, request.headers)
    } catch (error) {
      return sendAnswer(response, refuse(error, request))
    }
    // A known token passes without a turn of the event loop: a map requests hundreds of tiles.
    if (!(admitted instanceof Promise)) return pass(admitted, request, response, next)
    return admitted.then(
      (claims) => pass(claims, request, response, next),
      (error: unknown) => sendAnswer(response, refuse(error, request)),
    )
  }
}
