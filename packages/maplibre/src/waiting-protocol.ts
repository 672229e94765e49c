import type { CoveredUrl } from '@tilepass/core'
import type { AddProtocol, MapError, ProtocolAnswer, RequestParameters } from './maplibre-shapes.ts'

/** A request of the waiting protocol. */
export interface WaitingRequest {
  /** Undefined if it carries no token. */
  readonly covered: CoveredUrl | undefined
  /** What the application's own transform returned, if that had to be awaited; its URL is absolute. */
  readonly own?: RequestParameters | undefined
}

/** What the waiting protocol asks, and tells. */
export interface WaitingProtocolHost {
  /** The request, by its URL `scheme://https://…#Type`. Rejects as the application's own transform did. */
  open(url: string): Promise<WaitingRequest>
  /** A server answered a request for a tile. */
  onTile(covered: CoveredUrl, response: Response, refused: boolean): void
  /** Fires an error on every map. */
  fireError(error: MapError): void
}

/** Registers the protocol for requests that have to wait: it waits for a token, fetches, and replays once. */
export function registerWaitingProtocol(
  addProtocol: AddProtocol,
  scheme: string,
  { open, onTile, fireError }: WaitingProtocolHost,
): void {
  async function load(
    { url, type, headers, ...init }: RequestParameters,
    { signal }: AbortController,
  ): Promise<ProtocolAnswer> {
    /** Shaped like MapLibre's AJAXError; its members survive the transfer from a worker. */
    const failure = (reason: string, status?: number, more?: Partial<MapError>) => {
      const error = Object.assign(new Error(`${reason} (${status})`), { status, url }, more)
      // MapLibre fires no error for missing glyphs: it draws its own and keeps them.
      if (url.includes('#Glyphs')) fireError(error)
      return error
    }
    /** @param status Of the error if this fails. Whatever fails, only a TokenError means that there is no token. */
    const expect = <T>(result: Promise<T>, status?: number) =>
      result.catch((error) => {
        if (signal.aborted) throw error
        const noToken = error.name === 'TokenError'
        throw failure(error.message, noToken ? 401 : status, { noToken })
      })

    const { covered, own } = await expect(open(url))
    const accept = type === 'json' && { accept: 'application/json' }
    const sent = { ...own, ...init, headers: { ...own?.headers, ...accept, ...headers }, signal }
    const { response, refused } = await expect(
      covered
        ? covered.fetch(sent)
        : fetch(own?.url as string, sent).then((response) => ({ response, refused: false })),
      0,
    )
    const { ok, status, statusText, headers: found } = response
    if (covered && url.includes('#Tile')) onTile(covered, response, refused)
    if (refused || !ok) {
      // However this server refuses tokens, from here on a refusal is a 401.
      throw failure(statusText, refused ? 401 : status, { url: covered ? url : own?.url })
    }
    const etag = found.get('etag')
    return {
      data: await expect(response[type === 'json' ? type : 'arrayBuffer'](), 0),
      cacheControl: found.get('cache-control'),
      expires: found.get('expires'),
      ...(etag && { etag }),
    }
  }

  addProtocol(scheme, load)
}
