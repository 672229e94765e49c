/** What is known about the end of a new token. */
export interface ExpiryFacts {
  /** When the request left and when its response had arrived; epoch ms of our clock. */
  readonly departedAt: number
  readonly receivedAt: number
  /** Lifetime in the response, in seconds. */
  readonly expiresInSeconds: number
  /** `exp` of the token, where it can be read. */
  readonly exp?: number | undefined
  /** The upstream's clock in its `Date` header; epoch ms, whole seconds. */
  readonly date?: number | undefined
}

/**
 * When a token ends, in epoch ms of our clock; the result is never too late. A lifetime counts from
 * when the request left. If the token has an `exp`, it ends then at the latest, by the clock of its
 * issuer.
 */
export function computeExpiresAt({
  departedAt,
  receivedAt,
  expiresInSeconds,
  exp,
  date,
}: ExpiryFacts): number {
  const stated = departedAt + expiresInSeconds * 1000
  if (exp === undefined) return stated
  // The header has whole seconds: the upstream's clock was anywhere within this one. If that second
  // touches the round trip, both clocks are taken to agree.
  const isInSync = date === undefined || (date <= receivedAt && departedAt < date + 1000)
  return Math.min(stated, isInSync ? exp * 1000 : departedAt + exp * 1000 - (date + 1000))
}
