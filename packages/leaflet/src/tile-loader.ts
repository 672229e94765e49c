import { type CoveredUrl, createRepeats, type Tokens } from '@tilepass/core'
import { createHeaderTiles } from './header-tiles.ts'
import { createQueryTiles } from './query-tiles.ts'
import { createTileRequest, type TileRequest } from './tile-request.ts'
import { createUncoveredProbe } from './uncovered-tiles.ts'

/** Loads the private tiles of one layer. */
export interface TileLoader {
  /** The URL with its rule, if it carries the token. */
  match(url: string): CoveredUrl | undefined
  /** Loads the image if its URL carries the token; otherwise the image loads as usual. */
  load(tile: HTMLImageElement, covered: CoveredUrl | undefined): void
  /** An image failed. Returns true if the tile is requested again. */
  retry(tile: HTMLElement, event: Event): boolean
  /** An image failed whose URL may lack a rule. */
  explain(url: string | null): void
  /** The layer dropped the tile. */
  release(tile: HTMLElement | undefined): void
  start(): void
  /** Drops every remaining tile. */
  stop(): void
}

export function createTileLoader(tokens: Tokens): TileLoader {
  const requests = new Map<HTMLElement | undefined, TileRequest>()
  /** Failed for lack of a valid token: requested again when there is a new one. */
  const postponed = new Set<TileRequest>()
  const repeats = createRepeats()
  let unsubscribe: (() => void) | undefined

  const byHeader = createHeaderTiles()
  const byQuery = createQueryTiles()
  const send = (request: TileRequest) =>
    (request.covered.attach === 'header' ? byHeader : byQuery)(request)

  function release(tile: HTMLElement | undefined): void {
    requests.get(tile)?.release()
    requests.delete(tile)
  }

  return {
    match: (url) => tokens.match(url),
    load(tile, covered) {
      const known = requests.get(tile)
      // The image shown in place of a failed one may fail too; then the tile stays failed.
      if (!covered || known?.covered.url === covered.url) return
      tile.removeAttribute('src')
      // An error image would need the next token too, and with that token the tile itself loads.
      if (known && postponed.has(known)) return
      release(tile)
      const request = createTileRequest(tile, covered, postponed)
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
    explain: createUncoveredProbe(tokens),
    release,
    start() {
      unsubscribe ??= tokens.on('renewed', () => {
        const waiting = [...postponed]
        const repeatsNow = repeats(waiting.some(({ isUnanswered }) => isUnanswered))
        for (const request of waiting) {
          if (request.isUnanswered && !repeatsNow) continue
          postponed.delete(request)
          send(request)
        }
      })
    },
    stop() {
      unsubscribe?.()
      unsubscribe = undefined
      for (const tile of [...requests.keys()]) release(tile)
    },
  }
}
