/** What a token of an upstream says of itself; unverified, so it can only ever narrow. */
export interface TokenClaims {
  /** Seconds since 1970. */
  readonly exp?: number
  readonly iat?: number
  /** Scopes, however they are written. */
  readonly scopes?: readonly string[]
  /** Every claim. */
  readonly all: Readonly<Record<string, unknown>>
}

/**
 * Reads the claims of a JWT, or of a temporary token of Mapbox, which has its payload in the same
 * place; `undefined` for a token that is opaque.
 */
export function findTokenClaims(token: string): TokenClaims | undefined {
  const [, payload, , ...more] = token.split('.')
  if (payload === undefined || more.length > 0) return
  const all = parsePayload(payload)
  if (!all) return
  const scopes = findScopeClaim(all)
  return {
    all,
    ...(isSeconds(all.exp) ? { exp: all.exp } : {}),
    ...(isSeconds(all.iat) ? { iat: all.iat } : {}),
    ...(scopes ? { scopes } : {}),
  }
}

/** `scope` is a string (RFC 9068), `scp` and Mapbox's `scopes` are lists; some write either as both. */
function findScopeClaim({ scope, scp, scopes }: Record<string, unknown>) {
  const claim = scope ?? scp ?? scopes
  if (typeof claim === 'string') return claim.split(' ').filter((name) => name !== '')
  return Array.isArray(claim) ? claim.map(String) : undefined
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

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 1e11
}
