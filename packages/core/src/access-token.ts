/** A short-lived credential that tile requests carry. */
export interface AccessToken {
  /** The token as it is sent; opaque to this library. */
  readonly value: string
  /**
   * Epoch milliseconds on this page's clock: the time at which the exchange departed plus its
   * `expires_in`. Never compared with a claim inside the token.
   */
  readonly expiresAt: number
  /** Space-separated scopes, if the endpoint returned them (RFC 6749 §3.3). */
  readonly scope?: string
}
