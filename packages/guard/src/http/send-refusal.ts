import type { ServerResponse } from 'node:http'
import { type ErrorShape, toErrorBody } from './error-shapes.ts'
import type { Refusal } from './refusal.ts'

const NO_STORE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/**
 * Sends a refusal, which is never stored.
 *
 * @param status Only where it must differ from the refusal's own.
 * @see RFC 6750 §3
 */
export function sendRefusal(
  response: ServerResponse,
  refusal: Refusal,
  shape: ErrorShape,
  status: number = refusal.status,
): void {
  const { type, body } = toErrorBody(refusal, shape)
  const text = JSON.stringify(body)
  response.statusCode = status
  for (const [name, value] of Object.entries({ ...NO_STORE, ...refusal.headers }))
    response.setHeader(name, value)
  const custom = Object.keys(refusal.headers ?? {}).filter((name) => name.startsWith('X-'))
  if (custom.length > 0) response.appendHeader('Access-Control-Expose-Headers', custom.join(', '))
  if (status === 401 || refusal.challenge)
    response.setHeader('WWW-Authenticate', toChallenge(refusal))
  response.setHeader('Content-Type', type)
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.end(text)
}

function toChallenge({ challenge, message, scope }: Refusal): string {
  if (!challenge) return 'Bearer'
  const missing = scope === undefined ? '' : `, scope="${scope}"`
  return `Bearer error="${challenge}", error_description="${message}"${missing}`
}
