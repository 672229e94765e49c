import { createQueue, type Fail, type TileRequest, type Tokens } from './tile-request.ts'

/** As many at a time as browsers open connections to one host (HTTP/1.1). */
const MAX_IN_FLIGHT = 6

/**
 * Loads tiles by `fetch` with the token in a header. The object URL lives until the tile is dropped,
 * so that print plugins can read the image again.
 */
export function createHeaderTiles(
  tokens: Tokens,
  referrerPolicy: ReferrerPolicy | undefined,
  fail: Fail,
): (request: TileRequest) => void {
  const enqueue = createQueue(MAX_IN_FLIGHT)
  async function load(request: TileRequest): Promise<void> {
    const { tile, url, abort } = request
    try {
      const response = await tokens.fetch(url, {
        signal: abort.signal,
        headers: { accept: 'image/*,*/*;q=0.8' },
        ...(referrerPolicy ? { referrerPolicy } : {}),
      })
      if (!response.ok) {
        await response.body?.cancel()
        throw Object.assign(new Error(`The tile's server answered ${response.status}.`), {
          status: response.status,
          refused: response.status === 401,
        })
      }
      const image = await response.blob()
      if (abort.signal.aborted) return
      request.pending = false
      request.refusals = 0
      request.objectUrl = URL.createObjectURL(image)
      tile.src = request.objectUrl
    } catch (error) {
      if (abort.signal.aborted) return
      const { name, refused } = error as { name?: string; refused?: boolean }
      if (refused) request.refusals += 1
      fail(request, error, refused === true || name === 'TokenError')
    }
  }
  return (request) => enqueue(() => load(request), request.abort.signal)
}
