import type { ResolvedRule } from './allow-list.ts'
import type { AuthorizedRequest } from './authorize.ts'

/** What a server returned, and whether that means "token refused". */
export interface Answer {
  readonly response: Response
  readonly refused: boolean
}

/**
 * A URL that `allow` covers, and everything that its manager does for it: `match(url)` is the only
 * question that a plugin asks for each URL.
 */
export interface CoveredUrl extends ResolvedRule {
  /** As given to `match()`. */
  readonly url: string
  /** The request with the token in hand; undefined while there is none. Inside the renewal margin it renews in the background. */
  authorizeNow(): AuthorizedRequest | undefined
  /**
   * The request with the token: at once if there is one, otherwise as a promise. If the endpoint is down for
   * `waitLimit`, the last token is attached, so that caches can answer.
   *
   * @param signal Detaches this caller only; the shared exchange continues.
   * @throws {@link TokenError} as `getToken()`, by rejection.
   */
  authorize(signal?: AbortSignal | null): AuthorizedRequest | Promise<AuthorizedRequest>
  /** `fetch` with the token. If the server refuses the token, it is renewed and the request replayed once. */
  fetch(init?: RequestInit): Promise<Answer>
  /** Whether the answer to a request made by other means than `fetch` above means "token refused". */
  isAuthFailure(response: Response): boolean | Promise<boolean>
  /** A refusal may look like any other answer: the manager has an `isAuthFailure` of its own. */
  readonly readsAnswers: boolean
  /** The server answered a request made by other means than `fetch` above, and did not refuse the token. @param token Default: that in hand. */
  served(token?: string): void
  /**
   * A request with this token, made by other means than `fetch` above, got no answer that the page may read.
   * Once a minute and origin, finds out whether CORS headers are missing; if so, reports that, and rejects a
   * token with which this origin has served nothing.
   *
   * @returns What was found; undefined for an outage.
   */
  noAnswer(token: string): Promise<string | undefined>
  /** A server refused this token. A token that has already been replaced costs nothing. */
  reject(token: string): void
}
