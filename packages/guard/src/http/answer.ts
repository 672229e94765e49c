import { CORS_HEADERS } from './cors.ts'
import { type ErrorShape, toErrorBody } from './error-shapes.ts'
import type { Refusal } from './refusal.ts'

/** A complete response, for any runtime. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Renders a refusal, which is never stored, and which pages of every origin can read.
 *
 * @see RFC 6750 §3
 */
export function toAnswer(refusal: Refusal, shape: ErrorShape): Answer {
  const { type, body } = toErrorBody(refusal, shape)
  const { status, headers = {}, challenge } = refusal
  const custom = Object.keys(headers).filter((name) => name.startsWith('X-'))
  const exposed = [CORS_HEADERS['Access-Control-Expose-Headers'], ...custom].join(', ')
  return {
    status,
    headers: {
      ...CORS_HEADERS,
      'Access-Control-Expose-Headers': exposed,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
      ...(status === 401 || challenge ? { 'WWW-Authenticate': toChallenge(refusal) } : {}),
      'Content-Type': type,
    },
    body: JSON.stringify(body),
  }
}

function toChallenge({ challenge, message, scope }: Refusal): string {
  if (!challenge) return 'Bearer'
  const missing = scope === undefined ? '' : `, scope="${scope}"`
  return `Bearer error="${challenge}", error_description="${message}"${missing}`
}
