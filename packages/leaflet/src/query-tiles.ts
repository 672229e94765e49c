import {
  MAX_FAILURES,
  type Progress,
  statusError,
  type TileRequest,
  type Tokens,
} from './tile-request.ts'

/** Failed images of a layer cost at most one probe in this time (ms). */
const PROBE_INTERVAL = 1000

/**
 * Loads tiles as plain images, with the token in their URL. An image that fails carries no status. When
 * it had the current token a single fetch finds out why, and its answer counts for every tile of the
 * layer that has failed by then.
 *
 * @returns Loads a tile, for the first time or again after `error`.
 */
export function createQueryTiles(
  tokens: Tokens,
  { wait, show, fail }: Progress,
): (request: TileRequest, error?: unknown) => void {
  const suspects = new Map<TileRequest, unknown>()
  let planned = false
  let nextProbe = 0

  function load(request: TileRequest, error?: unknown): void {
    const { signal } = request
    const ask = (asked: { url: string; token: string }) => {
      request.asked = asked
      show(request, asked.url)
    }
    const authorized = tokens.authorize(request.url, { signal })
    if (authorized instanceof Promise) {
      wait(request)
      authorized.then(ask, (reason) => fail(request, reason, true))
    } else if (authorized && authorized.token !== request.asked?.token) {
      ask(authorized)
    } else {
      wait(request)
      suspects.set(request, error)
      if (planned) return
      planned = true
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
      const { url, token } = probed.asked
      try {
        const answer = await fetch(url, { cache: 'no-store', redirect: 'error' })
        ;({ status, ok } = answer)
        refused = await tokens.isAuthFailure(probed.url, answer)
        if (refused) tokens.reject(token)
      } catch {
        // Offline, or a server without CORS: nobody may know, and the next token may help.
      }
    }
    const batch = [...suspects]
    suspects.clear()
    planned = false
    for (const [request, error] of batch) {
      if (request.signal.aborted) continue
      if ((refused || ok) && request.failures < MAX_FAILURES) {
        // When the probe got an image the refusals may be over: once more, then it is the tile's own fault.
        request.failures = refused ? request.failures + 1 : MAX_FAILURES
        delete request.asked
        load(request, error)
      } else {
        fail(request, request === probed && status ? statusError(status) : error, !status)
      }
    }
  }

  return load
}
