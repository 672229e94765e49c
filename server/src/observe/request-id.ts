import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a request log of the host application may use as an id. */
const LOGGED_ID = /^[\w.:-]{1,64}$/
/** What a client or a proxy may give: without dots, so that no token has this form. */
const GIVEN_ID = /^[\w-]{1,64}$/

const ids = new WeakMap<IncomingMessage, string>()

/**
 * The id of a request, for log, audit trail and client: the one that a request log has set as
 * `request.id`; else that of `X-Request-Id`, if it is 1 to 64 letters, digits, "-" and "_"; else a new
 * UUID. Ids that were given may repeat.
 */
export function getRequestId(request: IncomingMessage): string {
  const known = ids.get(request)
  if (known !== undefined) return known
  const id = findLoggedId(request) ?? findGivenId(request) ?? randomUUID()
  ids.set(request, id)
  return id
}

/** Sends the id of a request with its response, unless the host application has sent one. */
export function sendRequestId(request: IncomingMessage, response: ServerResponse): void {
  if (!response.hasHeader('X-Request-Id')) response.setHeader('X-Request-Id', getRequestId(request))
}

function findLoggedId(request: IncomingMessage): string | undefined {
  const logged: unknown = Reflect.get(request, 'id')
  if (typeof logged === 'number') return String(logged)
  return typeof logged === 'string' && LOGGED_ID.test(logged) ? logged : undefined
}

function findGivenId({ headers }: IncomingMessage): string | undefined {
  const given = headers['x-request-id']
  return typeof given === 'string' && GIVEN_ID.test(given) ? given : undefined
}
