import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdmissionOptions, createAdmission, type VerifierChoice } from './admission.ts'
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
import { toRefusal } from './http/refusal.ts'
import { sendRefusal } from './http/send-refusal.ts'
import { checkedElsewhere, functionRule, type OptionRules } from './options/option-rules.ts'
import type { CanonicalTarget } from './tiles/canonical-path.ts'
import { findQueryParameters, formatQuery } from './tiles/query.ts'
import type { TokenClaims } from './token/claims.ts'

interface OwnOptions {
  /**
   * The gateways that may ask: addresses, networks such as `10.0.0.0/8`, or `loopback`. Compared with
   * the connection's address, never with a header.
   */
  readonly peers: readonly string[]
  /** Where the client's token may be. Default `'header'`, which is always accepted. */
  readonly credentials?: CredentialSource
  /** Shape of the bodies of refusals. Default `'geog'`. */
  readonly errors?: ErrorShape
  /** Called with each refusal, for logs. */
  readonly onRefusal?: (error: unknown, request: IncomingMessage) => void
}

const OWN_RULES: OptionRules<OwnOptions> = {
  peers: checkedElsewhere,
  credentials: checkedElsewhere,
  errors: checkedElsewhere,
  onRefusal: functionRule,
}

/** Settings of {@link forwardAuth}: its own, and a verifier or the options to create one. */
export type ForwardAuthOptions = OwnOptions & AdmissionOptions & VerifierChoice

/** The handler that `forwardAuth` returns, for Express or for a plain Node server. */
export type ForwardAuthHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

/** 403 `FOREIGN_PEER`: the connection does not come from one of the configured gateways. */
export class ForeignPeerError extends GuardError {
  constructor() {
    super('Only configured gateways may call this endpoint', {
      status: 403,
      code: 'FOREIGN_PEER',
      reason: 'Forbidden',
    })
  }
}

/** 405 `METHOD_NOT_ALLOWED`, sent as 403: map data is only read. */
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
 * Creates a handler that tells a gateway (nginx, Traefik, Caddy) whether a request may pass to the
 * server behind it: 204, or 401 or 403 and nothing else, because nginx turns other statuses into 500.
 * The actual status is in `X-Tilepass-Status`, with `Retry-After` where it has one.
 *
 * A 204 identifies the client in `X-Tilepass-Subject`, `-Organization` and `-Scope`. All three are
 * always set, so that the gateway overwrites what a client sent. `X-Tilepass-Uri` is the URI that was
 * checked, without credentials; the gateway should request that one. CORS preflights pass.
 *
 * @throws `TypeError` or `RangeError` for invalid options.
 */
export function forwardAuth(options: ForwardAuthOptions): ForwardAuthHandler {
  const admit = createAdmission('forwardAuth()', options, OWN_RULES)
  const { peers, credentials = 'header', errors = 'geog', onRefusal } = options
  const isTrustedPeer = createPeerTest(peers)
  assertCredentialSource(credentials)
  assertErrorShape(errors)
  const parameter = credentials === 'header' ? undefined : credentials.query

  return async (request, response) => {
    try {
      if (!isTrustedPeer(request.socket.remoteAddress)) throw new ForeignPeerError()
      const { method, uri, target } = readForwardedRequest(request, parameter)
      if (isPreflight(method, request.headers)) return pass(response, toUri(target))
      if (method !== 'GET' && method !== 'HEAD') throw new MethodNotPermittedError()
      const token = readCredential({ rawHeaders: request.rawHeaders, url: uri }, credentials)
      const claims = await admit(token, request.headers, () => target)
      pass(response, toUri(target, claims), claims)
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

/** The URI that was checked. For a restricted token its query is written anew, as it was understood. */
function toUri({ rawPath, query }: CanonicalTarget, claims?: TokenClaims): string {
  const understood = claims?.tiles ? formatQuery(findQueryParameters(query) ?? []) : query
  return understood === '' ? rawPath : `${rawPath}?${understood}`
}

// Claims of other issuers may contain characters that a header cannot.
function toHeaderValue(value: string): string {
  return value.replace(/[^\x20-\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character))
}
