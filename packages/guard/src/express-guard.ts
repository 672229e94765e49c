import type { NextFunction, Request, Response } from 'express'
import { hasScope, type TokenClaims } from './claims.ts'
import { allowEveryOrigin, answerPreflight } from './cors.ts'
import { type CredentialSource, readCredential } from './credentials.ts'
import { InsufficientScopeError } from './errors.ts'
import { sendRefusal } from './refusal.ts'
import { addValidators } from './validators.ts'
import { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'

declare global {
  // biome-ignore lint/style/noNamespace: Express offers no other way to extend its Request
  namespace Express {
    interface Request {
      /** Claims of the verified token; set by {@link guard} before the handlers after it run. */
      auth?: TokenClaims
    }
  }
}

interface GuardRules {
  /** The scope that a token must have, as an exact string; without it any good token passes. */
  readonly scope?: string
  /** Where a token may come from. Default `'header'`; `{ query }` accepts the header as well. */
  readonly credentials?: CredentialSource
  /** Told of each refusal, for logs. */
  readonly onRefusal?: (error: unknown, request: Request) => void
}

/** Settings of {@link guard}: a verifier, or what one is made of. */
export type GuardOptions = GuardRules & ({ readonly verifier: Verifier } | VerifierOptions)

/** What `guard` returns: an Express 5 handler. */
export type GuardHandler = (
  request: Request,
  response: Response,
  next: NextFunction,
) => Promise<void>

/**
 * Creates an Express handler that lets only requests with a good token through.
 *
 * CORS comes first, so that a page of another origin sees every status; OPTIONS is answered here.
 * What passes is `private` with a strong ETag unless its handler says otherwise, and varies by
 * `Authorization`. Refusals are in Geog's shape and never cached.
 *
 * @throws `TypeError` for options that cannot work.
 * @see RFC 6750
 */
export function guard(options: GuardOptions): GuardHandler {
  const { scope, credentials = 'header', onRefusal } = options
  const verifier = 'verifier' in options ? options.verifier : createVerifier(options)
  if (scope !== undefined && !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
    throw new TypeError('"scope" must be one scope, without spaces or quotes')
  if (credentials !== 'header' && !credentials.query)
    throw new TypeError('"credentials.query" must name a parameter')

  return async (request, response, next) => {
    allowEveryOrigin(response)
    if (request.method === 'OPTIONS') return answerPreflight(response)
    response.vary('Authorization')
    try {
      const claims = await verifier.verify(readCredential(request, credentials), request.headers)
      if (scope !== undefined && !hasScope(claims.scope, scope))
        throw new InsufficientScopeError(scope)
      request.auth = claims
    } catch (error) {
      onRefusal?.(error, request)
      sendRefusal(response, error)
      return
    }
    addValidators(request, response)
    next()
  }
}
