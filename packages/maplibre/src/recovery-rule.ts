/** Refusals after which an error is reported and, while the server serves tiles, no token is rejected. */
const MAX_SERVED_REFUSALS = 2
/** Refusals after which no token is rejected, even if the server serves nothing. */
const MAX_REFUSALS = 5

/** What to do about a refused request. */
export type Recovery = readonly [
  /** Requests it again after this many renewals. 0: at once, which waits for a token if there is none. */
  renewals: number,
  /** The error does not recover by itself: it is printed unless the application listens for errors. */
  reports: boolean,
  /** Rejects the token, so that another one is obtained. */
  rejects?: boolean,
]

/** Refusals beyond those for which a token is to blame. */
const excessOf = (refusals: number, isServed: boolean) =>
  refusals - (isServed ? MAX_SERVED_REFUSALS : MAX_REFUSALS)

/**
 * What to do about a refused tile; pure. A tile can be requested again alone and at once, so that the map
 * is not idle meanwhile: with the token that replaced its own, or, after it rejected its own, with the next.
 * A tile that is refused too often waits for each next token, and so does one that has waited in vain.
 *
 * @param isDirect MapLibre made the request, with a token. Otherwise the waiting protocol made it, and has
 *   already rejected the token and replayed the request.
 * @param refusals How many tokens in a row were refused for this tile or its source, this one included. 0 if
 *   the token is not to blame: none came in time, or it has been replaced, or has served other tiles since.
 * @param isServed Tiles were served with the present token.
 */
export function recoverTile(isDirect: boolean, refusals: number, isServed: boolean): Recovery {
  if (isDirect && excessOf(refusals, isServed) <= 0) return [0, false, refusals > 0]
  return [1, refusals > MAX_SERVED_REFUSALS]
}

/**
 * What to do about any other refused resource (style, TileJSON, GeoJSON, glyphs, sprite, image); pure. It
 * waits for the next token. Each request for it rejects even a valid token, in the waiting protocol, so a
 * resource that no token opens waits for exponentially more renewals.
 *
 * @param isServed Tiles were served since the first of these refusals.
 */
export function recoverResource(refusals: number, isServed: boolean): Recovery {
  const excess = excessOf(refusals, isServed)
  return [excess > 0 ? 1 + 2 ** excess : 1, refusals > MAX_SERVED_REFUSALS]
}

/**
 * Whether a resource has loaded since it was last refused; pure. There is no event for that: it is inferred
 * when more renewals have passed than the rule ever waits, and no refusal followed.
 */
export function hasLoaded(refusals: number, renewalsSince: number): boolean {
  return renewalsSince > 2 ** refusals + 3
}
