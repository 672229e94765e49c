import type { AccessToken } from './access-token.ts'
import type { Instant } from './deadline.ts'

/** The token in hand, with what tells how long it lives. Durations in ms. */
export interface Held {
  readonly token: AccessToken
  readonly since: Instant
  readonly lifetime: number
  readonly lead: number
}

/** What the next attempt depends on, of the last one. */
export interface Attempt {
  readonly left: number
  readonly ended: number
  readonly random: number
  /** Set when the answer repeated the token that we had: ms since the exchange before. */
  readonly repeatedAfter: number | undefined
}
