import { isRecord } from '@tilepass/guard/broker'
import { UpstreamInvalidError } from './errors.ts'

/** What a token of an upstream states about itself. It is unverified, so it may only restrict. */
export interface UnverifiedClaims {
  /** Seconds since 1970. */
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  /** Every scope of every scope claim; `undefined` without any such claim. */
  readonly scopes?: readonly string[]
}

/**
 * Reads the claims of a JWT or of a temporary Mapbox token; `undefined` for an opaque token.
 *
 * @throws {@link UpstreamInvalidError} for a malformed time or scope: another reader of the token may
 *   interpret it differently.
 */
export function findUnverifiedClaims(token: string): UnverifiedClaims | undefined {
  const payload = findPayload(token)
  if (!payload) return
  const scopes = findScopeClaims(payload)
  return {
    ...readTime(payload, 'exp'),
    ...readTime(payload, 'iat'),
    ...readTime(payload, 'nbf'),
    ...(scopes ? { scopes } : {}),
  }
}

/** All claims of a token that has a payload where JWTs have it; `undefined` for an opaque token. */
export function findPayload(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, , ...more] = token.split('.')
  return payload === undefined || more.length > 0 ? undefined : decodePayload(payload)
}

function readTime(payload: Readonly<Record<string, unknown>>, name: 'exp' | 'iat' | 'nbf') {
  if (!Object.hasOwn(payload, name)) return {}
  const value = payload[name]
  // Some servers write 0 for a token that has always been valid.
  if (typeof value === 'number' && value >= 0 && value < 1e11) return { [name]: value }
  throw new UpstreamInvalidError(`token has a malformed "${name}"`)
}

/** `scope` is a string (RFC 9068), `scp` and Mapbox's `scopes` are lists; some servers mix them up. */
function findScopeClaims(payload: Readonly<Record<string, unknown>>) {
  const claims = ['scope', 'scp', 'scopes'].filter((name) => Object.hasOwn(payload, name))
  if (claims.length === 0) return
  return [...new Set(claims.flatMap((name) => parseScopeClaim(payload[name])))]
}

function parseScopeClaim(claim: unknown): readonly string[] {
  const names: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return names.flatMap((name) => {
    if (typeof name !== 'string') throw new UpstreamInvalidError('token has a malformed scope')
    return name.split(' ').filter((part) => part !== '')
  })
}

function decodePayload(payload: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return
  }
}
