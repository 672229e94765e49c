import type { NextFunction, Request, Response } from 'express'
import { type AdmissionRules, createAdmission, type VerifierChoice } from './admission.ts'
import { allowEveryOrigin, answerPreflight } from './http/cors.ts'
import {
  assertCredentialSource,
  type CredentialSource,
  readCredential,
} from './http/credentials.ts'
import { assertErrorShape, type ErrorShape } from './http/error-shapes.ts'
import { sendRefusal, toRefusal } from './http/refusal.ts'
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
      /** Claims of the verified token; set by {@link guard} before the handlers after it run. */
      auth?: TokenClaims
    }
  }
}

interface GuardRules extends AdmissionRules {
  /** Where a token may come from. Default `'header'`, which the other choices accept as well. */
  readonly credentials?: CredentialSource
  /** How refusals are worded. Default `'geog'`. */
  readonly errors?: ErrorShape
  /**
   * Do answers vary by `Authorization`? Default `true`. With `false` a renewed token costs not even a
   * 304, but a browser hands what it has cached to the next user of the same profile as well.
   */
  readonly vary?: boolean
  /** Told of each refusal, for logs. */
  readonly onRefusal?: (error: unknown, request: Request) => void
}

const OWN_RULES: OptionRules<Omit<GuardRules, keyof AdmissionRules>> = {
  credentials: checkedElsewhere,
  errors: checkedElsewhere,
  vary: booleanRule,
  onRefusal: functionRule,
}

/** Settings of {@link guard}: its rules, and a verifier or what one is made of. */
export type GuardOptions = GuardRules & VerifierChoice

/** What `guard` returns: an Express 5 handler. */
export type GuardHandler = (
  request: Request,
  response: Response,
  next: NextFunction,
) => void | Promise<void>

/**
 * Creates an Express handler that lets only requests with a good token through.
 *
 * CORS comes first, so that a page of another origin sees every status; OPTIONS is answered here.
 * What passes is `private` with a strong ETag unless its handler says otherwise, and varies by
 * `Authorization`. Refusals are never cached. Paths of `tiles` count from where it is mounted.
 *
 * @throws `TypeError` or `RangeError` for options that cannot work.
 * @see RFC 6750
 */
export function guard(options: GuardOptions): GuardHandler {
  const admit = createAdmission('guard()', options, OWN_RULES)
  const { credentials = 'header', errors = 'geog', vary = true, onRefusal } = options
  assertCredentialSource(credentials)
  assertErrorShape(errors)
  const takesCookies = credentials !== 'header' && credentials.cookie !== undefined
  const varying = takesCookies ? 'Authorization, Cookie' : 'Authorization'

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
    if (request.method === 'OPTIONS') return answerPreflight(response)
    if (vary && response.hasHeader('Vary')) response.vary(varying)
    else if (vary) response.setHeader('Vary', varying)
    let admitted: TokenClaims | Promise<TokenClaims>
    try {
      const token = readCredential(request, credentials)
      admitted = admit(token, request.headers, () => findCanonicalTarget(request.url))
    } catch (error) {
      return refuse(error, request, response)
    }
    // Without a turn of the event loop for a token seen before: hundreds of tiles come at once.
    if (!(admitted instanceof Promise)) return pass(admitted, request, response, next)
    return admitted.then(
      (claims) => pass(claims, request, response, next),
      (error: unknown) => refuse(error, request, response),
    )
  }
}
