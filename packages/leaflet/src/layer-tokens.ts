import { createHeaderTiles } from './header-tiles.ts'
import { createQueryTiles } from './query-tiles.ts'
import { MAX_FAILURES, type TileRequest, type Tokens } from './tile-request.ts'

/** What a layer does because it has tokens. */
export interface LayerTokens {
  /** True for a URL that carries the token. */
  covers(url: string): boolean
  /** Loads the image if its URL carries the token; otherwise it loads as ever. */
  load(tile: HTMLImageElement, url: string): void
  /** An image failed. Returns true when that is not the end of the tile. */
  retry(tile: HTMLElement, event: Event): boolean
  /** The layer dropped the tile. */
  release(tile: HTMLElement | undefined): void
  start(): void
  /** Drops every tile that is left. */
  stop(): void
}

export function createLayerTokens(tokens: Tokens): LayerTokens {
  const requests = new Map<HTMLElement | undefined, TileRequest>()
  /** Failed for want of a good token: requested again when there is one. */
  const lost = new Set<TileRequest>()
  let unsubscribe: (() => void) | undefined

  /** The image's own answer again. */
  const settle = ({ tile }: TileRequest) => delete (tile as { complete?: boolean }).complete
  const progress = {
    wait({ tile }: TileRequest) {
      Object.defineProperty(tile, 'complete', { value: false, configurable: true })
    },
    show(request: TileRequest, source: string) {
      if (request.signal.aborted) return
      settle(request)
      request.tile.src = source
    },
    fail(request: TileRequest, error: unknown, heals: boolean) {
      if (request.signal.aborted) return
      settle(request)
      if (heals && request.failures < MAX_FAILURES) {
        request.failures += 1
        lost.add(request)
      }
      request.tile.dispatchEvent(new ErrorEvent('error', { error }))
    },
  }
  const byHeader = createHeaderTiles(tokens, progress)
  const byQuery = createQueryTiles(tokens, progress)
  const send = (request: TileRequest) =>
    (tokens.match(request.url)?.attach === 'header' ? byHeader : byQuery)(request)

  const covers = (url: string) => tokens.match(url) !== undefined

  function release(tile: HTMLElement | undefined): void {
    requests.get(tile)?.release()
    requests.delete(tile)
  }

  return {
    covers,
    load(tile, url) {
      const known = requests.get(tile)
      // The image shown in place of a failed one may fail too: that is its end.
      if (!covers(url) || known?.url === url) return
      tile.removeAttribute('src')
      // What the next token brings is better than an image in its place, which needs that token too.
      if (known && lost.has(known)) return
      release(tile)
      const abort = new AbortController()
      const request: TileRequest = {
        tile,
        url,
        signal: abort.signal,
        failures: 0,
        release() {
          abort.abort()
          lost.delete(request)
          settle(request)
          if (request.objectUrl) URL.revokeObjectURL(request.objectUrl)
        },
      }
      requests.set(tile, request)
      send(request)
    },
    retry(tile, event) {
      const request = requests.get(tile)
      if (!request?.asked || 'error' in event) return false
      if (tile.getAttribute('src') !== request.asked.url) return false
      byQuery(request, event)
      return true
    },
    release,
    start() {
      unsubscribe ??= tokens.on('renewed', () => {
        const again = [...lost]
        lost.clear()
        again.forEach(send)
      })
    },
    stop() {
      unsubscribe?.()
      unsubscribe = undefined
      for (const tile of [...requests.keys()]) release(tile)
    },
  }
}
