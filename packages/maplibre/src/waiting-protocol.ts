import type { Tokens } from './choose-manager.ts'
import type { AddProtocol, MapError, ProtocolAnswer, RequestParameters } from './maplibre-shapes.ts'

/** A way for requests to wait: URLs of a scheme of our own, which the page answers. */
export interface WaitingProtocol {
  /** The absolute URL through the protocol. What it is for travels in the fragment, which no server sees. */
  wrap(url: string, type: string): string
  /** The URL that a wrapped one stands for; any other stays as it is. */
  unwrap(url: string): string
}

/**
 * Registers a protocol that waits for a token, fetches, and replays once. MapLibre's registry belongs
 * to the process and is shared by every copy of this plugin, hence the random name.
 *
 * @param onRefused Called with the error of a request that failed for want of a good token.
 */
export function createWaitingProtocol(
  addProtocol: AddProtocol,
  managerOf: (url: string) => Tokens | undefined,
  onRefused: (error: MapError & { url: string }) => void,
): WaitingProtocol {
  const name = `tilepass${Math.random()}+`
  const unwrap = (url: string) =>
    url.startsWith(name) ? url.slice(name.length).replace(/#\w*$/, '') : url

  async function load(
    { url: wrapped, type, headers, ...init }: RequestParameters,
    { signal }: AbortController,
  ): Promise<ProtocolAnswer> {
    /** Shaped like MapLibre's own AJAXError; its members survive the way through a worker. */
    const failure = (status: number, reason: string, awaits?: boolean) => {
      const error = Object.assign(new Error(`${reason} (${status})`), {
        status,
        url: wrapped,
        awaits,
      })
      if (status === 401) onRefused(error)
      return error
    }
    const url = unwrap(wrapped)
    const manager = managerOf(url)
    let response: Response
    try {
      response = await (manager?.fetch ?? fetch)(url, {
        ...init,
        headers: { ...(type === 'json' && { accept: 'application/json' }), ...headers },
        signal,
      })
    } catch (error) {
      if (signal.aborted) throw error
      // A TypeError is the network's; everything else means that there is no token yet, which a 401 says too.
      const { name, message } = error as Error
      throw name === 'TypeError' ? failure(0, message) : failure(401, message, true)
    }
    const { ok, status, statusText } = response
    // Whatever a refusal looks like on this server, from here on it is a 401.
    const refused = await manager?.isAuthFailure(url, response)
    if (refused || !ok) throw failure(refused ? 401 : status, statusText)
    const get = (header: string) => response.headers.get(header)
    return {
      data: await response[type === 'json' ? type : 'arrayBuffer'](),
      cacheControl: get('cache-control'),
      expires: get('expires'),
    }
  }

  addProtocol(`${name}https`, load)
  addProtocol(`${name}http`, load)
  return { wrap: (url, type) => `${name}${url}#${type}`, unwrap }
}
