import { type Fail, MAX_REFUSALS, type TileRequest, type Tokens } from './tile-request.ts'

/** Failed images of a layer cost at most one probe in this time (ms). */
const PROBE_INTERVAL = 1000

/** Tiles that the browser loads as images, with the token in their URL. */
export interface QueryTiles {
  load(request: TileRequest): void
  /** An image failed. It carries no status, so finding out why may take a probe. */
  failed(request: TileRequest, error: unknown): void
}

/**
 * Loads tiles as plain images. When one fails with the current token, a single probing fetch tells why,
 * and its answer counts for every tile of the layer that failed before the probe left.
 */
export function createQueryTiles(tokens: Tokens, fail: Fail): QueryTiles {
  const suspects = new Map<TileRequest, unknown>()
  let planned = false
  let lastProbe = Number.NEGATIVE_INFINITY

  function load(request: TileRequest): void {
    const show = (authorized: { url: string; token: string }) => {
      if (request.abort.signal.aborted) return
      request.pending = false
      request.assigned = authorized
      request.tile.src = authorized.url
    }
    const authorized = tokens.authorize(request.url, { signal: request.abort.signal })
    if (!(authorized instanceof Promise)) {
      if (authorized) show(authorized)
      return
    }
    request.pending = true
    authorized.then(show, (error) => {
      if (!request.abort.signal.aborted) fail(request, error, true)
    })
  }

  function failed(request: TileRequest, error: unknown): void {
    if (request.assigned?.token !== tokens.peek()?.value && request.refusals < MAX_REFUSALS) {
      // Its token has been replaced or has run out meanwhile: no need to ask why.
      request.refusals += 1
      load(request)
      return
    }
    suspects.set(request, error)
    if (planned) return
    planned = true
    setTimeout(probe, Math.max(0, lastProbe + PROBE_INTERVAL - performance.now()))
  }

  async function probe(): Promise<void> {
    planned = false
    lastProbe = performance.now()
    const batch = [...suspects].filter(([{ abort }]) => !abort.signal.aborted)
    suspects.clear()
    const probed = batch.find(([{ assigned }]) => assigned?.token === tokens.peek()?.value)?.[0]
    const answer = probed?.assigned && (await ask(probed.assigned.url))
    const refused = answer ? await tokens.isAuthFailure(probed.url, answer) : false
    if (refused && probed?.assigned) tokens.reject(probed.assigned.token)
    for (const [request, error] of batch) {
      if (request.abort.signal.aborted) continue
      const outdated = request.assigned?.token !== tokens.peek()?.value
      if (outdated && request.refusals < MAX_REFUSALS) {
        request.refusals += 1
        load(request)
      } else {
        const status = request === probed ? answer?.status : undefined
        const told = status
          ? Object.assign(new Error(`The tile's server answered ${status}.`), { status })
          : error
        // Without an answer (offline, or a server without CORS) the next token may help.
        fail(request, told, !answer || outdated)
      }
    }
  }

  return { load, failed }
}

/** The answer to the image's own URL, or undefined when the browser may not tell. */
async function ask(url: string): Promise<Response | undefined> {
  try {
    return await fetch(url, { cache: 'no-store', redirect: 'error', credentials: 'same-origin' })
  } catch {
    return undefined
  }
}
