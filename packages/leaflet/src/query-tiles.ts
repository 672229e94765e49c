import { MAX_FAILURES, statusError, type TileRequest } from './tile-request.ts'

/** Failed images of a layer cost at most one probe in this time (ms). */
const PROBE_INTERVAL = 1000

/**
 * Loads tiles as plain images, with the token in their URL. An image that fails carries no status. If it
 * had the current token, a single probing `fetch` finds out why, and the answer counts for every tile of
 * the layer that has failed by then.
 *
 * @returns Loads a tile, for the first time or again after `error`.
 */
export function createQueryTiles(): (request: TileRequest, error?: unknown) => void {
  const suspects = new Map<TileRequest, unknown>()
  let isPlanned = false
  let nextProbe = 0

  function load(request: TileRequest, error?: unknown): void {
    const { covered, signal } = request
    const ask = (asked: { url: string; token: string }) => {
      request.asked = asked
      request.show(asked.url)
      const { tile } = request
      tile.addEventListener('load', () => {
        if (tile.getAttribute('src') === asked.url) covered.served(asked.token)
      })
    }
    const authorized = covered.authorize(signal)
    if (authorized instanceof Promise) {
      request.wait()
      authorized.then(ask, (reason) => request.fail(reason, 'token'))
    } else if (authorized.token !== request.asked?.token) ask(authorized)
    else {
      request.wait()
      suspects.set(request, error)
      if (isPlanned) return
      isPlanned = true
      setTimeout(probe, nextProbe - performance.now())
    }
  }

  async function probe(): Promise<void> {
    nextProbe = performance.now() + PROBE_INTERVAL
    const probed = [...suspects.keys()].find(({ signal }) => !signal.aborted)
    let status = 0
    let ok = false
    let refused = false
    if (probed?.asked) {
      const { covered, asked } = probed
      try {
        const response = await fetch(asked.url, { cache: 'no-store' })
        ;({ status, ok } = response)
        refused = await covered.isAuthFailure(response)
        if (refused) covered.reject(asked.token)
      } catch {
        await covered.noAnswer(asked.token)
        // The token was rejected for this, or has been replaced meanwhile.
        refused = covered.authorizeNow()?.token !== asked.token
      }
    }
    const batch = [...suspects]
    suspects.clear()
    isPlanned = false
    for (const [request, error] of batch) {
      if (request.signal.aborted) continue
      if ((refused || ok) && request.failures < MAX_FAILURES) {
        // If the probe got an image, refusals may be over: one more attempt, then the tile itself is at fault.
        request.failures = refused ? request.failures + 1 : MAX_FAILURES
        request.asked = undefined
        load(request, error)
      } else {
        request.fail(
          request === probed && status ? statusError(status) : error,
          !status && 'answer',
        )
      }
    }
  }

  return load
}
