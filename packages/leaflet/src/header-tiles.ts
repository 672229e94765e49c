import { type Progress, statusError, type TileRequest, type Tokens } from './tile-request.ts'

/** As many at a time as browsers open connections to one host (HTTP/1.1). */
const MAX_IN_FLIGHT = 6

/**
 * Loads tiles by `fetch` with the token in a header: in the order asked for, a few at a time; one that
 * was released before its turn costs nothing.
 */
export function createHeaderTiles(
  tokens: Tokens,
  { wait, show, fail }: Progress,
): (request: TileRequest) => void {
  const queue: TileRequest[] = []
  let inFlight = 0

  async function load(request: TileRequest): Promise<void> {
    const { tile, url, signal } = request
    try {
      const response = await tokens.fetch(url, {
        signal,
        referrerPolicy: tile.referrerPolicy as ReferrerPolicy,
        credentials: tile.crossOrigin === 'use-credentials' ? 'include' : 'same-origin',
      })
      const refused = await tokens.isAuthFailure(url, response)
      const image = await response.blob()
      if (refused || !response.ok || !image.size) {
        fail(request, statusError(response.status), refused)
      } else if (!signal.aborted) {
        // It lives until the tile is dropped, so that print plugins can read the image again.
        request.objectUrl = URL.createObjectURL(image)
        show(request, request.objectUrl)
      }
    } catch (error) {
      // No token, or no answer; that of a server without CORS may have been a refusal.
      fail(request, error, true)
    }
  }

  function next(): void {
    while (inFlight < MAX_IN_FLIGHT) {
      const request = queue.shift()
      if (!request) return
      if (request.signal.aborted) continue
      inFlight += 1
      void load(request).finally(() => {
        inFlight -= 1
        next()
      })
    }
  }

  return (request) => {
    wait(request)
    queue.push(request)
    next()
  }
}
