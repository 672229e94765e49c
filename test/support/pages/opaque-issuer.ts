/** An issuer of opaque tokens that expire to the millisecond; JWTs can only do it to the second. */
export interface OpaqueIssuer {
  /** @param lifetime In ms. */
  issue(lifetime: number): { access_token: string; token_type: 'Bearer'; expires_in: number }
  accepts(token: string | undefined): boolean
  /** Refuses every token issued so far. */
  revokeAll(): void
}

export function createOpaqueIssuer(): OpaqueIssuer {
  const deadlines = new Map<string, number>()
  let issued = 0
  return {
    issue(lifetime) {
      issued += 1
      const value = `canary-${issued}-${Math.random().toString(36).slice(2)}`
      deadlines.set(value, performance.now() + lifetime)
      return { access_token: value, token_type: 'Bearer', expires_in: lifetime / 1000 }
    },
    accepts: (token) => (deadlines.get(token ?? '') ?? 0) > performance.now(),
    revokeAll: () => deadlines.clear(),
  }
}
