import type { CoveredUrl } from '@tilepass/core'
import type { SentRequest } from './map-recovery.ts'
import type { AddProtocol, MapError, ProtocolAnswer, RequestParameters } from './maplibre-shapes.ts'

/**
 * Registers the protocol for requests that have to wait: it waits for a token, fetches, and replays once.
 *
 * @param scheme As in `scheme://https://…#Type`, the URL of such a request.
 * @param find Finds the request by that URL.
 * @param fireError Fires an error on every map.
 */
export function registerWaitingProtocol(
  addProtocol: AddProtocol,
  scheme: string,
  find: (url: string) => Partial<SentRequest>,
  fireError: (error: MapError) => void,
): void {
  async function load(
    { url, type, headers, ...init }: RequestParameters,
    { signal }: AbortController,
  ): Promise<ProtocolAnswer> {
    /** Shaped like MapLibre's AJAXError; its members survive the transfer from a worker. */
    const failure = (status: number, reason: string, noToken?: boolean) => {
      const error = Object.assign(new Error(`${reason} (${status})`), { status, url, noToken })
      // MapLibre fires no error for missing glyphs: it draws its own and keeps them.
      if (status === 401 && url.endsWith('#Glyphs')) fireError(error)
      return error
    }
    // Only covered URLs get the scheme.
    const covered = find(url)[0] as CoveredUrl
    const { response, refused } = await covered
      .fetch({
        ...init,
        headers: { ...(type === 'json' && { accept: 'application/json' }), ...headers },
        signal,
      })
      .catch((error) => {
        if (signal.aborted) throw error
        // A TypeError is a network failure; any other error means that there is no token, hence 401.
        const noToken = error.name !== 'TypeError'
        throw failure(noToken ? 401 : 0, error.message, noToken)
      })
    // However this server refuses tokens, from here on a refusal is a 401.
    if (refused || !response.ok) throw failure(refused ? 401 : response.status, response.statusText)
    return {
      data: await response[type === 'json' ? type : 'arrayBuffer'](),
      cacheControl: response.headers.get('cache-control'),
      expires: response.headers.get('expires'),
    }
  }

  addProtocol(scheme, load)
}
