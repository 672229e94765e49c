import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { pinoHttp } from 'pino-http'
import type { RefusalFacts } from './refusal-facts.ts'
import { getRequestId } from './request-id.ts'
import { findNotedRoute, isTileRoute, VERIFY_ROUTE } from './route-name.ts'

/**
 * Logs each request: id, method, path, status, time and client address, its API and route, the path that a
 * gateway asked about, and why it was refused or failed, if it was; but no query string, of the headers only `Origin` and a well-formed `X-Request-Id`,
 * and nothing that looks like a token, because logs are kept longer and seen by more people.
 *
 * @param readTileShare How much of the successful requests for tiles to log, from 0 to 1; read each time.
 */
export function createRequestLog(logger: Logger, readTileShare = () => 1): RequestHandler {
  const isSampled = createSample()
  const log = pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    // The audit trail names requests by these ids.
    genReqId: getRequestId,
    redact: ['req.headers', 'res.headers'],
    serializers: {
      req: (request: { id: unknown; method: string; url: string; remoteAddress: string }) => ({
        id: request.id,
        method: request.method,
        path: redactPath(request.url),
        remoteAddress: request.remoteAddress,
      }),
      res: (response: { statusCode: number }) => ({ statusCode: response.statusCode }),
    },
    customLogLevel: (request, response, error) => {
      if (error || response.statusCode >= 500) return 'error'
      const name = findNotedRoute(request)
      const isTile = response.statusCode < 400 && name !== undefined && isTileRoute(name)
      return isTile && !isSampled(readTileShare()) ? 'silent' : 'info'
    },
    customSuccessObject: addFacts,
    customErrorObject: (request, response, _error, { err, ...value }) =>
      // Where there is no error, pino-http makes one, whose stack says nothing.
      addFacts(request, response, response.err ? { err, ...value } : value),
  })
  return (request, response, next) => {
    isLogged.add(request)
    // pino-http writes to a child of the logger, which keeps the level that the logger had.
    if (log.logger.level !== logger.level) log.logger.level = logger.level
    log(request, response, next)
  }
}

/** Creates the choice of an even share of requests: with 0.1 it is every tenth. */
function createSample(): (share: number) => boolean {
  let due = 0
  return (share) => {
    due += share
    if (due < 1) return false
    due -= 1
    return true
  }
}

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

function addFacts(request: IncomingMessage, _response: ServerResponse, value: object): object {
  const refusal = refusals.get(request)
  const facts = { ...value, ...describeRoute(request) }
  return refusal?.code === undefined ? facts : { ...facts, [nameFacts(request)]: refusal }
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
