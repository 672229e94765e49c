import type { AccessToken } from './access-token.ts'
import type { AllowRule, ResolvedRule } from './allow-list.ts'
import type { AuthorizedRequest } from './authorize.ts'
import type { TokenManagerEvents, TokenState } from './events.ts'

/** Options of {@link createTokenManager}. */
export interface TokenManagerOptions {
  /** The URL prefixes that may carry the token, compared by parsed origin and path segment. The longest wins. */
  readonly allow: readonly AllowRule[]
  /** Names what the page asks for, in the body of the request; only with a URL as the source. */
  readonly grant?: string
  /** Milliseconds that a request may wait for a token; default 10 000. */
  readonly waitLimit?: number
  /** Tells whether a server's answer means "this token is no good"; default: its status is 401. */
  readonly isAuthFailure?: (response: Response) => boolean | Promise<boolean>
}

/** Owns one access token: fetches, renews and attaches it. Plugins accept anything of this shape. */
export interface TokenManager {
  /** The URL prefixes that may carry the token, as given. */
  readonly allow: readonly AllowRule[]
  readonly state: TokenState
  /** The token, if it is still valid. Causes no request. */
  peek(): AccessToken | undefined
  /**
   * Resolves to a token that is still valid; inside the renewal margin it renews behind the answer.
   *
   * @param options.signal Detaches this caller only; the shared exchange continues.
   * @throws {@link TokenError} `ERR_TOKEN_DENIED` if the broker refuses, `ERR_TOKEN_UNAVAILABLE` or
   *   `ERR_TOKEN_RESPONSE_INVALID` if there is none within `waitLimit`.
   */
  getToken(options?: { signal?: AbortSignal | null | undefined }): Promise<AccessToken>
  /**
   * Exchanges now, and ends the state `denied`. A running exchange is shared.
   *
   * @throws {@link TokenError} if this one exchange fails.
   */
  renew(): Promise<AccessToken>
  /** For sign-out and change of user: forgets the token and aborts whoever waits. The next use starts afresh. */
  invalidate(): void
  /** Tells that a server refused this token. One that has already been replaced costs nothing. */
  reject(value: string): void
  /** The longest rule that covers the URL, with its prefix resolved; undefined where no token may go. */
  match(url: string): ResolvedRule | undefined
  /**
   * The request with its token: at once when a fresh token is in hand, else a promise. Undefined for a
   * URL that is not allowed to carry it. When the broker cannot be reached within `waitLimit`, the last
   * token goes out, so that caches can answer.
   *
   * @throws {@link TokenError} as `getToken`, by rejection.
   */
  authorize(
    url: string,
    options?: { signal?: AbortSignal | null | undefined },
  ): AuthorizedRequest | Promise<AuthorizedRequest> | undefined
  /**
   * `fetch` with the token; a refused token is renewed and the request replayed once. Redirects are
   * errors unless `init.redirect` says otherwise. A URL that is not allowed goes out as it is.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * Whether an answer means that the token was refused. For whoever fetches without `fetch` above;
   * also reports `ERR_URL_NOT_ALLOWED` when a URL beside the list was answered with 401 or 403.
   */
  isAuthFailure(url: string, response: Response): boolean | Promise<boolean>
  /** Listens; while anybody does, the token is kept fresh in the visible page. Returns the way to stop. */
  on<T extends keyof TokenManagerEvents>(
    type: T,
    listener: (event: TokenManagerEvents[T]) => void,
  ): () => void
  /** `invalidate()`, and drops every listener and timer. The next use starts afresh. */
  dispose(): void
}
