import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdmissionOptions, VerifierChoice } from './admission.ts'
import { GuardError } from './errors.ts'
import { createGate, GATE_RULES, type GateOptions } from './gate.ts'
import { MethodNotPermittedError } from './http/method.ts'
import { isPreflight, readForwardedRequest } from './node/forwarded-request.ts'
import { createPeerTest } from './node/peers.ts'
import { sendAnswer } from './node/responses.ts'
import { checkedElsewhere } from './options/option-rules.ts'
import type { CanonicalTarget } from './tiles/canonical-path.ts'
import { findQueryParameters, formatQuery } from './tiles/query.ts'
import type { TokenClaims } from './token/claims.ts'

interface OwnOptions extends Omit<GateOptions<IncomingMessage>, 'vary'> {
  /**
   * The gateways that may ask: addresses, networks such as `10.0.0.0/8`, or `loopback`. Compared with
   * the connection's address, never with a header.
   */
  readonly peers: readonly string[]
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
  const { vary: _, ...rules } = GATE_RULES
  const gate = createGate<IncomingMessage>('forwardAuth()', options, {
    ...rules,
    peers: checkedElsewhere,
  })
  const isTrustedPeer = createPeerTest(options.peers)

  return async (request, response) => {
    try {
      if (!isTrustedPeer(request.socket.remoteAddress)) throw new ForeignPeerError()
      const { method, uri, target } = readForwardedRequest(request, gate.tokenParameter)
      if (isPreflight(method, request.headers)) return pass(response, toUri(target))
      if (method !== 'GET' && method !== 'HEAD') throw new MethodNotPermittedError()
      const forwarded = { rawHeaders: request.rawHeaders, url: uri }
      const claims = await gate.admit(forwarded, request.headers)
      pass(response, toUri(target, claims), claims)
    } catch (error) {
      const answer = gate.refuse(error, request)
      response.setHeader('X-Tilepass-Status', answer.status)
      sendAnswer(response, answer, answer.status === 401 ? 401 : 403)
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
