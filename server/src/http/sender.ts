import type { Request } from 'express'
import { getRequestId } from '../observe/request-id.ts'

/** The request behind a change: it leads from the audit trail to a line of the log, and to a client. */
export interface Sender {
  /** The id of the request in the log. */
  readonly requestId: string
  /** Network address of the client; empty if it is unknown. */
  readonly address: string
}

/** Reads who sent a request. */
export function readSender(request: Request): Sender {
  const { ip = '' } = request
  return {
    requestId: getRequestId(request),
    address: ip.replace(/^::ffff:(?=\d+\.)/i, ''),
  }
}
