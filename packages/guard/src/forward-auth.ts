import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdmissionRules, createAdmission, type VerifierChoice } from './admission.ts'
import { GuardError } from './errors.ts'
import { allowEveryOrigin } from './http/cors.ts'
import {
  assertCredentialSource,
  type CredentialSource,
  readCredential,
} from './http/credentials.ts'
import { assertErrorShape, type ErrorShape } from './http/error-shapes.ts'
import { isPreflight, readForwardedRequest } from './http/forwarded-request.ts'
import { createPeerTest } from './http/peers.ts'
import { sendRefusal, toRefusal } from './http/refusal.ts'
import { checkedElsewhere, functionRule, type OptionRules } from './options/option-rules.ts'
import type { CanonicalTarget } from './tiles/canonical-path.ts'
import type { TokenClaims } from './token/claims.ts'

interface ForwardAuthRules extends AdmissionRules {
  /**
   * Who may ask: addresses of gateways, networks such as `10.0.0.0/8`, or `loopback`, as the
   * connection shows them and no header does.
   */
  readonly peers: readonly string[]
  /** Where the client's token may be. Default `'header'`, which the other choices accept as well. */
  readonly credentials?: CredentialSource
  /** How refusals are worded. Default `'geog'`. */
  readonly errors?: ErrorShape
  /** Told of each refusal, for logs. */
  readonly onRefusal?: (error: unknown, request: IncomingMessage) => void
}

const OWN_RULES: OptionRules<Omit<ForwardAuthRules, keyof AdmissionRules>> = {
  peers: checkedElsewhere,
  credentials: checkedElsewhere,
  errors: checkedElsewhere,
  onRefusal: functionRule,
}

/** Settings of {@link forwardAuth}: its rules, and a verifier or what one is made of. */
export type ForwardAuthOptions = ForwardAuthRules & VerifierChoice

/** What `forwardAuth` returns: a handler for Express, or for Node's server alone. */
export type ForwardAuthHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

/** 403 `FOREIGN_PEER`: whoever asks is no gateway of ours. */
export class ForeignPeerError extends GuardError {
  constructor() {
    super('Only gateways may ask', { status: 403, code: 'FOREIGN_PEER', reason: 'Forbidden' })
  }
}

/** 403 `METHOD_NOT_ALLOWED`, meant as 405: map data is read, not changed. */
export class MethodNotPermittedError extends GuardError {
  constructor() {
    super('Only GET and HEAD are allowed', {
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      reason: 'Method Not Allowed',
      headers: { Allow: 'GET, HEAD, OPTIONS' },
    })
  }
}

/**
 * Creates a handler that answers a gateway (nginx, Traefik, Caddy) whether a request may pass to the
 * server behind it: 204, or 401 or 403 and nothing else, because nginx makes 500 of the rest. What was
 * meant is in `X-Tilepass-Status`, with `Retry-After` where there is one.
 *
 * A 204 says who asks in `X-Tilepass-Subject`, `-Organization` and `-Scope`, each always there, so
 * that the gateway overwrites what a client sent; and in `X-Tilepass-Uri` which URI was judged,
 * without credentials. CORS preflights pass.
 *
 * @throws `TypeError` or `RangeError` for options that cannot work.
 */
export function forwardAuth(options: ForwardAuthOptions): ForwardAuthHandler {
  const admit = createAdmission('forwardAuth()', options, OWN_RULES)
  const { peers, credentials = 'header', errors = 'geog', onRefusal } = options
  const isPeer = createPeerTest(peers)
  assertCredentialSource(credentials)
  assertErrorShape(errors)
  const parameter = credentials === 'header' ? undefined : credentials.query

  return async (request, response) => {
    try {
      if (!isPeer(request.socket.remoteAddress)) throw new ForeignPeerError()
      const { method, uri, target } = readForwardedRequest(request)
      const passOn = toUri(target, parameter)
      if (isPreflight(method, request)) return pass(response, passOn)
      if (method !== 'GET' && method !== 'HEAD') throw new MethodNotPermittedError()
      const token = readCredential({ rawHeaders: request.rawHeaders, url: uri }, credentials)
      pass(response, passOn, await admit(token, request.headers, () => target))
    } catch (error) {
      onRefusal?.(error, request)
      const refusal = toRefusal(error)
      allowEveryOrigin(response)
      response.setHeader('X-Tilepass-Status', refusal.status)
      sendRefusal(response, refusal, errors, refusal.status === 401 ? 401 : 403)
    }
  }
}

function pass(response: ServerResponse, uri: string, claims?: TokenClaims): void {
  const { sub = '', org_id: organization = '', scope = '' } = claims ?? {}
  response.writeHead(204, {
    'Cache-Control': 'no-store',
    'X-Tilepass-Subject': toHeaderValue(sub),
    'X-Tilepass-Organization': toHeaderValue(organization),
    'X-Tilepass-Scope': toHeaderValue(scope),
    'X-Tilepass-Uri': uri,
  })
  response.end()
}

/** The URI that was judged, without the parameter that holds the token. */
function toUri({ rawPath, query }: CanonicalTarget, parameter: string | undefined): string {
  const kept = query
    .split('&')
    .filter((pair) => parameter === undefined || !new URLSearchParams(`?${pair}`).has(parameter))
    .join('&')
  return kept === '' ? rawPath : `${rawPath}?${kept}`
}

// What other issuers put into claims need not be fit for a header.
function toHeaderValue(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character))
}
