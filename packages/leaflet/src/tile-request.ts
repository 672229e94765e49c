import { type CoveredUrl, MAX_REPEATS } from '@tilepass/core'

/** A tile that has failed this often is left as it is: a server that refuses every token must not cause a loop. */
export const MAX_FAILURES = 4

/** One private tile. It lives until the layer drops the tile; from then on it does nothing. */
export interface TileRequest {
  readonly tile: HTMLImageElement
  readonly covered: CoveredUrl
  readonly signal: AbortSignal
  /** Query mode: the URL that the image last loaded, and the token in it. */
  asked?: { readonly url: string; readonly token: string } | undefined
  /** How often it has failed for lack of a valid token, or of an answer. */
  failures: number
  /** The last time there was no answer. */
  isUnanswered?: boolean
  /** It waits for a token or an answer. Leaflet takes an image without a source for a loaded one. */
  wait(): void
  show(source: string | Blob): void
  /** @param lack The tile is requested again at a renewal, because it lacked a valid token, or an answer. */
  fail(error: unknown, lack?: 'token' | 'answer' | false): void
  /** Ends the request and frees what it holds. */
  release(): void
}

/** @param postponed Gets the request when it fails for lack of a valid token. */
export function createTileRequest(
  tile: HTMLImageElement,
  covered: CoveredUrl,
  postponed: Set<TileRequest>,
): TileRequest {
  const abort = new AbortController()
  const { signal } = abort
  let objectUrl = ''
  /** From here on, `complete` is the image's own answer again. */
  const settle = () => delete (tile as { complete?: boolean }).complete
  const request: TileRequest = {
    tile,
    covered,
    signal,
    failures: 0,
    wait() {
      Object.defineProperty(tile, 'complete', { value: false, configurable: true })
    },
    show(source) {
      if (signal.aborted) return
      settle()
      // An object URL lives until the tile is dropped, because print plugins read the image again.
      if (typeof source !== 'string') objectUrl = URL.createObjectURL(source)
      // WebKit fails a URL again at once, without a request, unless the image has had none in between.
      tile.removeAttribute('src')
      tile.src = objectUrl || (source as string)
    },
    fail(error, lack) {
      if (signal.aborted) return
      settle()
      request.isUnanswered = lack === 'answer'
      if (lack && request.failures < (request.isUnanswered ? MAX_REPEATS : MAX_FAILURES)) {
        request.failures += 1
        postponed.add(request)
      }
      tile.dispatchEvent(new ErrorEvent('error', { error }))
    },
    release() {
      abort.abort()
      postponed.delete(request)
      settle()
      URL.revokeObjectURL(objectUrl)
    },
  }
  return request
}

/** The error of a tile whose server did not return an image; `tileerror` passes it on. */
export function statusError(status: number): Error & { status: number } {
  return Object.assign(new Error(`The tile server answered ${status}.`), { status })
}
