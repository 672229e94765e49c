import { type CoveredUrl, createRepeats, type Tokens } from '@tilepass/core'
import { createHeaderTiles } from './header-tiles.ts'
import { createQueryTiles } from './query-tiles.ts'
import { createTileRequest, type TileRequest } from './tile-request.ts'
import { createUncoveredProbe } from './uncovered-tiles.ts'

/**
 * In front of a private URL while a tile is created: the browser must not start to load that URL. A class
 * may cache under it, and a class that fetches it gets an error instead of an image.
 */
export const PLACEHOLDER = 'tilepass:'

/** Loads the private tiles of one layer. */
export interface TileLoader {
  /** The URL with its rule, if it carries the token. */
  match(url: string): CoveredUrl | undefined
  /** Loads the image if its URL carries the token, unless it is dropped; otherwise the image loads as usual. */
  load(tile: HTMLImageElement, isDropped?: boolean): void
  /** An image failed. Returns true if the tile is requested again; otherwise its URL may lack a rule. */
  retry(tile: HTMLElement, event: Event): boolean
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
  const explain = createUncoveredProbe(tokens)
  const send = (request: TileRequest) =>
    (request.covered.attach === 'header' ? byHeader : byQuery)(request)

  function release(tile: HTMLElement | undefined): void {
    requests.get(tile)?.release()
    requests.delete(tile)
  }

  return {
    match: (url) => tokens.match(url),
    load(tile, isDropped) {
      const known = requests.get(tile)
      const source = tile.getAttribute('src')
      // A pool may take any URL for one with a key, so it is not asked for URLs that load without a server.
      if (!source || /^(blob|data):/.test(source) || source === known?.asked?.url) return
      const url = source.replace(PLACEHOLDER, '')
      const covered = tokens.match(url)
      // The image shown in place of a failed one may fail too; then the tile stays failed.
      if (!covered || (url === source && url === known?.covered.url)) return
      tile.removeAttribute('src')
      // An error image would need the next token too, and with that token the tile itself loads.
      if (isDropped || postponed.has(known as TileRequest)) return
      release(tile)
      const request = createTileRequest(tile, covered, postponed)
      requests.set(tile, request)
      send(request)
    },
    retry(tile, event) {
      const request = requests.get(tile)
      const source = tile.getAttribute('src')
      // Without a source, the event is of an image that the tile no longer has; Chromium fires it all the same.
      if (request && !('error' in event) && (!source || source === request.asked?.url)) {
        if (source) byQuery(request, event)
        return true
      }
      explain(source)
      return false
    },
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
      for (const tile of requests.keys()) release(tile)
    },
  }
}
