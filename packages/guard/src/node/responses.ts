import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../http/answer.ts'
import { CORS_HEADERS, toPreflightHeaders } from '../http/cors.ts'

/** Opens a response to pages of every origin, without the browser's credentials. */
export function allowEveryOrigin(response: ServerResponse): void {
  setHeaders(response, CORS_HEADERS)
}

/** Answers a preflight with 204. */
export function answerPreflight(
  { headers }: Pick<IncomingMessage, 'headers'>,
  response: ServerResponse,
): void {
  const { Vary, ...others } = toPreflightHeaders(headers['access-control-request-headers'])
  setHeaders(response, others)
  if (Vary !== undefined) response.appendHeader('Vary', Vary)
  response.statusCode = 204
  response.end()
}

/** Sends an answer. @param status Only where it must differ from the answer's own. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  sentStatus: number = status,
): void {
  response.statusCode = sentStatus
  setHeaders(response, headers)
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(body)
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? '')
}
