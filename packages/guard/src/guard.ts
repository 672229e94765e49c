import type { NextFunction, Request, Response } from 'express'
import { type AdmissionOptions, createAdmission, type VerifierChoice } from './admission.ts'
import { allowEveryOrigin, answerPreflight } from './http/cors.ts'
import {
  assertCredentialSource,
  type CredentialSource,
  readCredential,
} from './http/credentials.ts'
import { assertErrorShape, type ErrorShape } from './http/error-shapes.ts'
import { toRefusal } from './http/refusal.ts'
import { sendRefusal } from './http/send-refusal.ts'
import { addValidators } from './http/validators.ts'
import {
  booleanRule,
  checkedElsewhere,
  functionRule,
  type OptionRules,
} from './options/option-rules.ts'
import { findCanonicalTarget } from './tiles/canonical-path.ts'
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

interface OwnOptions {
  /** Where a token may come from. Default `'header'`, which is always accepted. */
  readonly credentials?: CredentialSource
  /** Shape of the bodies of refusals. Default `'geog'`. */
  readonly errors?: ErrorShape
  /**
   * Do responses vary by `Authorization`? Default `true`. With `false` a renewal costs not even a 304,
   * but a browser also serves what it has cached to the next user of the same profile.
   */
  readonly vary?: boolean
  /** Called with each refusal, for logs. */
  readonly onRefusal?: (error: unknown, request: Request) => void
}

const OWN_RULES: OptionRules<OwnOptions> = {
  credentials: checkedElsewhere,
  errors: checkedElsewhere,
  vary: booleanRule,
  onRefusal: functionRule,
}

/** Settings of {@link guard}: its own, and a verifier or the options to create one. */
export type GuardOptions = OwnOptions & AdmissionOptions & VerifierChoice

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
  const admit = createAdmission('guard()', options, OWN_RULES)
  const { credentials = 'header', errors = 'geog', vary = true, onRefusal } = options
  assertCredentialSource(credentials)
  assertErrorShape(errors)
  const { query: tokenParameter, cookie } = credentials === 'header' ? {} : credentials
  const varying = cookie !== undefined ? 'Authorization, Cookie' : 'Authorization'

  const refuse = (error: unknown, request: Request, response: Response) => {
    onRefusal?.(error, request)
    sendRefusal(response, toRefusal(error), errors)
  }
  const pass = (claims: TokenClaims, request: Request, response: Response, next: NextFunction) => {
    request.auth = claims
    addValidators(response)
    next()
  }

  return (request, response, next) => {
    allowEveryOrigin(response)
    if (request.method === 'OPTIONS') return answerPreflight(request, response)
    if (vary && response.hasHeader('Vary')) response.vary(varying)
    else if (vary) response.setHeader('Vary', varying)
    let admitted: TokenClaims | Promise<TokenClaims>
    try {
      const token = readCredential(request, credentials)
      admitted = admit(token, request.headers, () =>
        findCanonicalTarget(request.url, tokenParameter),
      )
    } catch (error) {
      return refuse(error, request, response)
    }
    // A known token passes without a turn of the event loop: a map requests hundreds of tiles.
    if (!(admitted instanceof Promise)) return pass(admitted, request, response, next)
    return admitted.then(
      (claims) => pass(claims, request, response, next),
      (error: unknown) => refuse(error, request, response),
    )
  }
}
