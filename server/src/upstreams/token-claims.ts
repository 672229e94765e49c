import { UpstreamInvalidError } from './errors.ts'

/** What a token of an upstream says of itself; unverified, so it can only ever narrow. */
export interface TokenClaims {
  /** Seconds since 1970. */
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  /** Every scope of every claim that holds some; `undefined` without any such claim. */
  readonly scopes?: readonly string[]
}

/**
 * Reads the claims of a JWT, or of a temporary token of Mapbox; `undefined` for a token that is opaque.
 *
 * @throws {@link UpstreamInvalidError} for a time or a scope of the wrong form: whoever gets the token
 *   may read it otherwise than we do.
 */
export function findTokenClaims(token: string): TokenClaims | undefined {
  const payload = findPayload(token)
  if (!payload) return
  const scopes = findScopeClaims(payload)
  return {
    ...findTime(payload, 'exp'),
    ...findTime(payload, 'iat'),
    ...findTime(payload, 'nbf'),
    ...(scopes ? { scopes } : {}),
  }
}

/** Every claim of a token that has a payload where JWTs have it; `undefined` for an opaque one. */
export function findPayload(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, , ...more] = token.split('.')
  return payload === undefined || more.length > 0 ? undefined : parsePayload(payload)
}

function findTime(payload: Readonly<Record<string, unknown>>, name: 'exp' | 'iat' | 'nbf') {
  if (!Object.hasOwn(payload, name)) return {}
  const value = payload[name]
  // 0 is how some servers write that a token counts from the first.
  if (typeof value === 'number' && value >= 0 && value < 1e11) return { [name]: value }
  throw new UpstreamInvalidError(`answered a token whose "${name}" is no time`)
}

/** `scope` is a string (RFC 9068), `scp` and Mapbox's `scopes` are lists; some write either as both. */
function findScopeClaims(payload: Readonly<Record<string, unknown>>) {
  const claims = ['scope', 'scp', 'scopes'].filter((name) => Object.hasOwn(payload, name))
  if (claims.length === 0) return
  return [...new Set(claims.flatMap((name) => parseScopeClaim(payload[name])))]
}

function parseScopeClaim(claim: unknown): readonly string[] {
  const names: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return names.flatMap((name) => {
    if (typeof name !== 'string')
      throw new UpstreamInvalidError('answered a token with a scope of the wrong form')
    return name.split(' ').filter((part) => part !== '')
  })
}

function parsePayload(payload: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined
  } catch {
    return
  }
}
