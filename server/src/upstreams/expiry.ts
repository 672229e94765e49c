/** What is known of a new token's end. */
export interface ExpiryFacts {
  /** When the request left, and when its answer was there; epoch ms of our clock. */
  readonly departedAt: number
  readonly receivedAt: number
  /** What the upstream says. */
  readonly expiresInSeconds: number
  /** `exp` of the token, where it can be read. */
  readonly exp?: number | undefined
  /** The upstream's clock as its `Date` header has it, in epoch ms, whole seconds. */
  readonly date?: number | undefined
}

/**
 * When a token ends, in epoch ms of our clock, and never too late: lifetimes count from when the
 * request left, and a token that says itself when it ends lasts no longer, by the clock that it was
 * made with.
 */
export function findExpiry({ departedAt, receivedAt, expiresInSeconds, ...facts }: ExpiryFacts) {
  const told = departedAt + expiresInSeconds * 1000
  const { exp, date } = facts
  if (exp === undefined) return told
  // The header names a whole second: the upstream's clock was anywhere within it. A clock that may
  // be ours is ours.
  const isOurs = date === undefined || (date <= receivedAt && departedAt < date + 1000)
  return Math.min(told, isOurs ? exp * 1000 : departedAt + exp * 1000 - (date + 1000))
}
