import { randomUUID } from 'node:crypto'
import type { Request } from 'express'

/** The request behind a change: it leads from the audit trail to a line of the log, and to a client. */
export interface Sender {
  /** The id of the request in the log. */
  readonly requestId: string
  /** Network address of the client; empty if it is unknown. */
  readonly address: string
}

/** Ids of requests that no log has numbered. */
const ids = new WeakMap<Request, string>()
/** What a request log of the host application may use as an id. */
const ID = /^[\w.:-]{1,64}$/

/** Reads who sent a request. The id is the one that the request log has set as `request.id`. */
export function readSender(request: Request): Sender {
  const { ip = '' } = request
  return { requestId: getRequestId(request), address: ip.replace(/^::ffff:(?=\d+\.)/i, '') }
}

function getRequestId(request: Request): string {
  const logged: unknown = Reflect.get(request, 'id')
  if (typeof logged === 'number' || (typeof logged === 'string' && ID.test(logged)))
    return String(logged)
  const id = ids.get(request) ?? randomUUID()
  ids.set(request, id)
  return id
}
