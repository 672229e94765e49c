/** A short-lived credential that requests for tiles carry. */
export interface AccessToken {
  /** The token as it is sent; opaque to this library. */
  readonly value: string
  /**
   * Epoch milliseconds on this page's own clock: the time at which the exchange request left, plus
   * its `expires_in`. Never compared with a claim inside the token.
   */
  readonly expiresAt: number
  /** Space-separated scopes, when the issuer named them (RFC 6749 §3.3). */
  readonly scope?: string
}
