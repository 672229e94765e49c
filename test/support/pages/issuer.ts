/** Opaque tokens that are exact to the millisecond, which JWTs cannot be. */
export interface Issuer {
  issue(lifetime: number): { access_token: string; token_type: 'Bearer'; expires_in: number }
  accepts(token: string | undefined): boolean
  /** Every token issued so far is refused from now on. */
  revokeAll(): void
  readonly issued: number
}

export function createIssuer(): Issuer {
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
    get issued() {
      return issued
    },
  }
}
