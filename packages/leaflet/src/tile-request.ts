import type { TokenManager } from '@tilepass/core'

/** What a layer needs of a token manager; a pool has it too. */
export type Tokens = Pick<
  TokenManager,
  'match' | 'authorize' | 'fetch' | 'reject' | 'isAuthFailure' | 'on'
>

/** One tile that is loading, or was. It lives until the layer drops the tile. */
export interface TileRequest {
  readonly tile: HTMLImageElement
  readonly url: string
  readonly signal: AbortSignal
  /** Ends the request, and what it holds. */
  release(): void
  /** Header mode: what the image shows. */
  objectUrl?: string
  /** Query mode: what the image was asked to load, and the token in it. */
  asked?: { readonly url: string; readonly token: string }
  /** How often it has failed for want of a good token. */
  failures: number
}

/** Failures after which a tile is left as it is: a server that refuses every token must not cause a loop. */
export const MAX_FAILURES = 4

/** What becomes of a request, whichever way it loads. None of them touches a released one. */
export interface Progress {
  /** It waits for a token or an answer. Leaflet takes an image without a source for a loaded one. */
  wait(request: TileRequest): void
  show(request: TileRequest, source: string): void
  /** @param heals A next token may help: it is requested again when there is one. */
  fail(request: TileRequest, error: unknown, heals: boolean): void
}

/** The error of a tile that was answered, but not with an image; `tileerror` hands it on. */
export function statusError(status: number): Error & { status: number } {
  return Object.assign(new Error(`The tile's server answered ${status}.`), { status })
}
