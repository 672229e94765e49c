import { statusError, type TileRequest } from './tile-request.ts'

/** As many at a time as browsers open connections to one host (HTTP/1.1). */
const MAX_IN_FLIGHT = 6

/**
 * Loads tiles by `fetch` with the token in a header: in order, a few at a time. A tile that is released
 * before its turn costs no request.
 */
export function createHeaderTiles(): (request: TileRequest) => void {
  const queue: TileRequest[] = []
  let inFlight = 0

  async function load(request: TileRequest): Promise<void> {
    const { tile, covered, signal } = request
    try {
      const { response, refused } = await covered.fetch({
        signal,
        referrerPolicy: tile.referrerPolicy as ReferrerPolicy,
        credentials: tile.crossOrigin === 'use-credentials' ? 'include' : 'same-origin',
      })
      const image = await response.blob()
      if (refused || !response.ok || !image.size)
        request.fail(statusError(response.status), refused && 'token')
      else request.show(image)
    } catch (error) {
      request.fail(error, (error as Error).name === 'TypeError' ? 'answer' : 'token')
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
    request.wait()
    queue.push(request)
    next()
  }
}
