import type { AccessToken } from './access-token.ts'
import type { AllowRule } from './allow-list.ts'
import type { AuthorizedRequest } from './authorize.ts'
import type { CoveredUrl } from './covered-url.ts'
import type { TokenError } from './errors.ts'
import type { TokenManagerEvents, TokenState } from './events.ts'

/** Options of {@link createTokenManager}. */
export interface TokenManagerOptions {
  /** The URL prefixes that may carry the token, compared by parsed origin and path segment. The longest wins. */
  readonly allow: readonly AllowRule[]
  /** The grant to ask for, sent in the body of the request; requires the source to be a URL. */
  readonly grant?: string
  /** Milliseconds that a request may wait for a token; default 10 000. */
  readonly waitLimit?: number
  /** Whether a server's answer means "token refused"; default: its status is 401. Called once per answer. */
  readonly isAuthFailure?: (response: Response) => boolean | Promise<boolean>
}

/** Makes requests that carry the token. */
export interface TokenFetch {
  /**
   * `fetch` with the token. If a server refuses the token, it is renewed and the request replayed once.
   * Redirects are errors unless `init.redirect` says otherwise. A URL that is not allowed is fetched unchanged.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
}

/** The state of the token, and a way to renew it. */
export interface TokenStatus {
  readonly state: TokenState
  /** Why there is no new token: the failure of the last exchange, until one succeeds. */
  readonly failure?: TokenError | undefined
  /**
   * Exchanges now, and ends the state `denied`. A running exchange is shared.
   *
   * @throws {@link TokenError} if this one exchange fails.
   */
  renew(): Promise<AccessToken>
  /** Adds a listener; while there is one, the token is kept fresh in a visible page. Returns a function that removes it. */
  on<T extends keyof TokenManagerEvents>(
    type: T,
    listener: (event: TokenManagerEvents[T]) => void,
  ): () => void
}

/** What a map plugin needs. A manager has it, and so has a pool; anything of this shape is accepted. */
export interface Tokens extends Pick<TokenStatus, 'on'> {
  /** The URL prefixes that may carry the token, as given. */
  readonly allow: readonly AllowRule[]
  /** The URL with the longest rule that covers it; undefined if it must not carry the token. */
  match(url: string): CoveredUrl | undefined
  /** Starts the first exchange ahead of the first request. A pool does nothing: it knows no key yet. */
  prepare(): void
  /** Reports `ERR_URL_NOT_ALLOWED` if the status of a URL that `allow` does not cover asks for a token. */
  reportUncovered(url: string, status: number): void
}

/** Owns one access token: fetches, renews and attaches it. */
export interface TokenManager extends Tokens, TokenStatus, TokenFetch {
  /** The token, if it is still valid. Causes no request. */
  peek(): AccessToken | undefined
  /**
   * Resolves to a token that is still valid; inside the renewal margin it renews in the background.
   *
   * @param options.signal Detaches this caller only; the shared exchange continues.
   * @throws {@link TokenError} `ERR_TOKEN_DENIED` if the endpoint refuses, `ERR_TOKEN_UNAVAILABLE` or
   *   `ERR_TOKEN_RESPONSE_INVALID` if there is no token within `waitLimit`.
   */
  getToken(options?: { signal?: AbortSignal | null | undefined }): Promise<AccessToken>
  /** For sign-out and change of user: forgets the token and aborts everything that waits for one. The next use starts afresh. */
  invalidate(): void
  /** A server refused this token. A token that has already been replaced costs nothing. */
  reject(value: string): void
  /**
   * The request with its token: at once if there is one, otherwise as a promise. Undefined for a URL that
   * is not allowed to carry it. If the endpoint is down for `waitLimit`, the last token is attached, so that
   * caches can answer.
   *
   * @throws {@link TokenError} as `getToken()`, by rejection.
   */
  authorize(
    url: string,
    options?: { signal?: AbortSignal | null | undefined },
  ): AuthorizedRequest | Promise<AuthorizedRequest> | undefined
  /**
   * Whether an answer means "token refused", for requests made by other means than `fetch`. Also reports
   * `ERR_URL_NOT_ALLOWED`, as `reportUncovered()` does.
   */
  isAuthFailure(url: string, response: Response): boolean | Promise<boolean>
  /** `invalidate()`, and removes every listener and timer. The next use starts afresh. */
  dispose(): void
}
