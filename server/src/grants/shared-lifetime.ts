/** A shared token that was received from an upstream. */
interface ReceivedToken {
  /** Epoch ms. */
  readonly expiresAt: number
  /** The whole lifetime, in ms. */
  readonly lifetime: number
}

/** A token with less left is of no use to a page; ms. */
const MIN_REMAINING = 1_000

/**
 * When a shared token that is issued now expires: at the boundary after next of half a lifetime. So
 * every page gets between half a lifetime and a whole one, and all tokens of one half end together.
 *
 * @param nowSeconds Seconds since 1970; so is the result.
 */
export function computeSharedExpiry(nowSeconds: number, lifetimeSeconds: number): number {
  const half = lifetimeSeconds / 2
  return (Math.floor(nowSeconds / half) + 2) * half
}

/** Is at least half of a received token's lifetime left, so that pages may share it? */
export function isHalfLeft({ expiresAt, lifetime }: ReceivedToken, now: number): boolean {
  const remaining = expiresAt - now
  return remaining >= lifetime / 2 && remaining <= lifetime
}

/**
 * How long a received token can still be handed out while the upstream gives no other, in ms;
 * `undefined` once it is of no use. If more is left than its whole lifetime, the clock was set back and
 * its end is unknown.
 */
export function findUsableTime(
  { expiresAt, lifetime }: ReceivedToken,
  now: number,
): number | undefined {
  const remaining = expiresAt - now
  return remaining >= MIN_REMAINING && remaining <= lifetime ? remaining - MIN_REMAINING : undefined
}
