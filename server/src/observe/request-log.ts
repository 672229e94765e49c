import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import type { RefusalFacts } from './refusal-facts.ts'
import { getRequestId } from './request-id.ts'
import { findNotedRoute, VERIFY_ROUTE } from './route-name.ts'

/** Requests of which a request log writes a line when they end. */
const isLogged = new WeakSet<IncomingMessage>()
/** What is known of requests that were refused, or may be. */
const refusals = new WeakMap<IncomingMessage, Partial<RefusalFacts>>()
/** Those that were not refused, but failed. */
const failed = new WeakSet<IncomingMessage>()

/**
 * Notes more about a request, for the case that it is refused.
 *
 * @param facts What only the route knows.
 */
export function noteFacts(request: IncomingMessage, facts: Partial<RefusalFacts>): void {
  refusals.set(request, { ...refusals.get(request), ...facts })
}

/** What a line of the request log says of a request, besides its response. */
export interface RequestFacts {
  readonly req: {
    readonly id: string
    readonly method: string | undefined
    readonly path: string
  }
  /** Of the API. */
  readonly surface?: string
  readonly route?: string
  /** The path that a gateway asks about. */
  readonly checked?: string
  readonly refusal?: Partial<RefusalFacts>
  readonly failure?: Partial<RefusalFacts>
}

/** Notes that a request log writes a line when this request ends. */
export function noteLogged(request: IncomingMessage): void {
  isLogged.add(request)
}

/** Reads what is known of a request when it ends. */
export function readFacts(request: IncomingMessage): RequestFacts {
  const refusal = refusals.get(request)
  return {
    req: {
      id: getRequestId(request),
      method: request.method,
      path: redactPath(findUrl(request)),
    },
    ...describeRoute(request),
    ...(refusal?.code !== undefined && { [nameFacts(request)]: refusal }),
  }
}

/**
 * Logs why a request was refused: with the request, if there is a request log, else on its own line.
 *
 * @param isFailure Is it a fault of the broker or of a system that it depends on? Then it is no `refusal`,
 *   but a `failure`.
 */
export function logRefusal(
  logger: Logger,
  request: IncomingMessage,
  facts: RefusalFacts,
  isFailure: boolean,
): void {
  if (isFailure) failed.add(request)
  const noted = refusals.get(request)
  const refusal = redactFacts({ ...noted, ...facts })
  if (isLogged.has(request)) refusals.set(request, refusal)
  else
    logger.info(
      {
        id: getRequestId(request),
        method: request.method,
        path: redactPath(findUrl(request)),
        ...describeRoute(request),
        [nameFacts(request)]: refusal,
      },
      isFailure ? 'a request failed' : 'a request was refused',
    )
}

/** Clients put tokens in any place, the name of a grant included. */
function redactFacts<T>(facts: T): T {
  return JSON.parse(JSON.stringify(facts), (_name, value: unknown) =>
    typeof value === 'string' ? redactTokens(value) : value,
  )
}

/** As the client sent it: a router shortens `url`. */
function findUrl(request: IncomingMessage): string {
  const original: unknown = Reflect.get(request, 'originalUrl')
  return typeof original === 'string' ? original : (request.url ?? '')
}

const nameFacts = (request: IncomingMessage) => (failed.has(request) ? 'failure' : 'refusal')

/** The route, and of a gateway's question the path that it is about: `checked`. */
function describeRoute(request: IncomingMessage): object {
  const name = findNotedRoute(request)
  const { 'x-original-uri': original, 'x-forwarded-uri': forwarded } = request.headers
  const uri = original ?? forwarded
  return name?.route === VERIFY_ROUTE && typeof uri === 'string'
    ? { ...name, checked: redactPath(uri) }
    : { ...name }
}

/**
 * A JWT, or a Mapbox token, whose first part is short, and everything that is joined to it by dots: a
 * name before the token may look like its first part. The lookbehind keeps the time linear in the length
 * of the path.
 */
const TOKEN = /(?<![\w-])[\w-]+\.[\w-]{20,}\.[\w.-]*/g

/**
 * The path of a request without its query, and with tokens replaced. A path that holds a token is
 * shown decoded, because any character of the token may have been percent-encoded.
 */
export function redactPath(url: string): string {
  const end = url.search(/[?#]/)
  const path = end < 0 ? url : url.slice(0, end)
  return redactTokens(path).slice(0, 500)
}

function redactTokens(text: string): string {
  const decoded = decodeFully(text)
  const redacted = decoded.replace(TOKEN, '[redacted]')
  return redacted === decoded ? text : redacted
}

const ESCAPE = /^%([0-7][0-9a-f])$/i

/** Decodes the percent-encoded ASCII characters, however often they are encoded, in linear time. */
function decodeFully(path: string): string {
  if (!path.includes('%')) return path
  const decoded: string[] = []
  for (const character of path) {
    decoded.push(character)
    // What has been decoded may complete another escape, as in %2565.
    for (;;) {
      const [, hex] = ESCAPE.exec(decoded.slice(-3).join('')) ?? []
      if (hex === undefined) break
      decoded.splice(-3, 3, String.fromCharCode(Number.parseInt(hex, 16)))
    }
  }
  return decoded.join('')
}
