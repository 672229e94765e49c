import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { startServer } from '../servers/start-server.ts'
import { LIBRARIES } from './libraries.ts'
import { findResource, type Resource, TILE } from './map-resources.ts'
import { createOpaqueIssuer, type OpaqueIssuer } from './opaque-issuer.ts'

/** What the servers counted. */
export interface Counts {
  exchanges: number
  tiles: number
  refused: number
  preflights: number
  /** Requests with a credential that reached the stranger. */
  leaked: string[]
}

/** A request for a resource. */
export interface AskedResource {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
}

/** The servers of a page. A test changes their behaviour by assigning to the mutable members. */
export interface Servers {
  /** Serves the pages, the token endpoint and tiles. */
  readonly page: string
  /** Serves tiles on another origin. */
  readonly tiles: string
  /** A host that no rule names. It remembers every credential that reaches it. */
  readonly stranger: string
  readonly counts: Counts
  readonly issuer: OpaqueIssuer
  /** Lifetime of the tokens that are issued, in ms. */
  lifetime: number
  /** How the token endpoint behaves. */
  broker: 'works' | 'fails' | 'hangs' | 'denies'
  /** Returns the status of a refusal for paths that are refused with any token. */
  refuse: ((path: string) => number | undefined) | undefined
  /** Answers a request for a resource itself, if it returns true. */
  intercept: ((asked: AskedResource, response: ServerResponse) => boolean) | undefined
  /** Additional resources, by path. They can be read in ranges. */
  readonly files: Record<string, Buffer>
  /** Every request for a resource, with the status of its answer. */
  readonly log: { path: string; status: number; token: string | undefined }[]
  /** Whether every token is refused. */
  refusing: boolean
  /** Delay of every resource, in ms. */
  delay: number
  /** What every answer waits for, also that of the stranger. */
  hold: Promise<unknown> | undefined
  close(): void
}

export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*, authorization',
  'access-control-expose-headers': 'Content-Range, ETag, Retry-After, Date',
  'access-control-max-age': '600',
}

/** The credential of a request, from its header or its query. */
const findCredential = ({ headers, url }: IncomingMessage) =>
  /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ??
  new URL(url ?? '/', 'http://host').searchParams.get('access_token') ??
  undefined

const readPath = ({ url }: IncomingMessage) => new URL(url ?? '/', 'http://host').pathname

/**
 * Starts a page server, a tile server on another origin and a stranger, all on free ports.
 *
 * @param pages Makes the HTML of each page, by path.
 */
export async function startServers(
  pages: Readonly<Record<string, (servers: Servers) => string>>,
): Promise<Servers> {
  const issuer = createOpaqueIssuer()
  const counts: Counts = { exchanges: 0, tiles: 0, refused: 0, preflights: 0, leaked: [] }

  function exchange(response: ServerResponse): void {
    counts.exchanges += 1
    const { broker, lifetime } = servers
    if (broker === 'hangs') return
    const send = (status: number, body: object) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body))
    if (broker === 'works') send(200, issuer.issue(lifetime))
    else send(broker === 'fails' ? 500 : 403, { error: 'server_error' })
  }

  function serveResource(request: IncomingMessage, response: ServerResponse): void {
    const path = readPath(request)
    const token = findCredential(request)
    if (request.method === 'OPTIONS') {
      counts.preflights += 1
      response.writeHead(204, CORS).end()
      return
    }
    counts.tiles += 1
    response.on('finish', () => servers.log.push({ path, status: response.statusCode, token }))
    if (servers.intercept?.({ method: request.method ?? '', path, token }, response)) return
    const isAccepted = !servers.refusing && issuer.accepts(token)
    const refusal = servers.refuse?.(path) ?? (isAccepted ? undefined : 401)
    if (refusal !== undefined) {
      counts.refused += 1
      response
        .writeHead(refusal, { ...CORS, 'www-authenticate': 'Bearer', 'cache-control': 'no-store' })
        .end('{}')
      return
    }
    const file = servers.files[path]
    if (file) sendFile(request, response, file)
    else send(response, findResource(path, String(request.headers.host)))
  }

  function sendFile(request: IncomingMessage, response: ServerResponse, file: Buffer): void {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (!from || !to) {
      send(response, { type: 'application/octet-stream', body: file })
      return
    }
    const part = file.subarray(+from, +to + 1)
    const range = `bytes ${from}-${+from + part.length - 1}/${file.length}`
    response.writeHead(206, { ...CORS, 'content-range': range, 'cache-control': 'no-store' })
    response.end(part)
  }

  function send(response: ServerResponse, resource: Resource | undefined): void {
    if (!resource) {
      response.writeHead(404, CORS).end('{}')
      return
    }
    const { type, body } = resource
    const headers = { ...CORS, 'content-type': type, 'cache-control': 'no-store' }
    setTimeout(async () => {
      await servers.hold
      response.writeHead(200, headers).end(body)
    }, servers.delay)
  }

  const page = await startServer((request, response) => {
    const path = readPath(request)
    if (path === '/map-token') exchange(response)
    else if (path.startsWith('/v1/')) serveResource(request, response)
    else if (LIBRARIES[path])
      response
        .writeHead(200, { 'content-type': 'text/javascript' })
        .end(readFileSync(LIBRARIES[path]))
    else
      response
        .writeHead(pages[path] ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' })
        .end(pages[path]?.(servers) ?? 'not found')
  })
  const tiles = await startServer(serveResource)
  const stranger = await startServer(async (request, response) => {
    const { url, headers } = request
    if (findCredential(request) !== undefined || JSON.stringify(headers).includes('canary'))
      counts.leaked.push(`${url} ${JSON.stringify(headers)}`)
    await servers.hold
    response.writeHead(200, { ...CORS, 'content-type': 'image/png' }).end(TILE)
  })
  const servers: Servers = {
    page: page.url,
    tiles: tiles.url,
    stranger: stranger.url,
    counts,
    issuer,
    lifetime: 60_000,
    broker: 'works',
    refuse: undefined,
    intercept: undefined,
    files: {},
    log: [],
    refusing: false,
    delay: 0,
    hold: undefined,
    close: () => {
      for (const server of [page, tiles, stranger]) server.close()
    },
  }
  return servers
}

/** Forgets what the servers have counted so far. */
export function resetCounts({ counts, log }: Servers): void {
  log.length = 0
  counts.leaked.length = 0
  Object.assign(counts, { exchanges: 0, tiles: 0, refused: 0, preflights: 0 })
}

/** The requests for resources whose path matches, with this status or any. */
export const listRequests = ({ log }: Servers, path: RegExp, status?: number) =>
  log.filter((entry) => path.test(entry.path) && (status ?? entry.status) === entry.status)

/** Waits until no request for a resource has ended for 4 s. */
export async function waitForQuiet({ log }: Servers): Promise<void> {
  let seen = log.length
  for (let quietSince = performance.now(); performance.now() - quietSince < 4000; ) {
    await wait(100)
    if (log.length === seen) continue
    seen = log.length
    quietSince = performance.now()
  }
}
