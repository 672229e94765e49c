import type { Tokens } from './choose-manager.ts'
import type { AddProtocol, ProtocolAnswer, RequestParameters } from './maplibre-shapes.ts'

/** A way for requests to wait: URLs of a scheme of our own, which the page answers. */
export interface WaitingProtocol {
  /** The URL through the protocol. */
  wrap(url: string): string
  /** The URL that a wrapped one stands for; undefined for any other. */
  unwrap(url: string): string | undefined
}

/**
 * Registers a protocol that waits for a token, fetches, and replays once. MapLibre's registry belongs
 * to the process and is shared by every copy of this plugin, hence the random name.
 */
export function createWaitingProtocol(
  addProtocol: AddProtocol,
  managerOf: (url: string) => Tokens | undefined,
): WaitingProtocol {
  const name = `tilepass-${Math.random().toString(36).slice(2, 8)}+`
  const protocol: WaitingProtocol = {
    wrap: (url) => name + url,
    unwrap: (url) => (url.startsWith(name) ? url.slice(name.length) : undefined),
  }
  const load = async (
    parameters: RequestParameters,
    abort: AbortController,
  ): Promise<ProtocolAnswer> => {
    const url = protocol.unwrap(parameters.url) ?? parameters.url
    const manager = managerOf(url)
    const { method, body, headers, credentials, cache, referrerPolicy, type } = parameters
    const init = { method, body, headers: { ...headers }, credentials, cache, referrerPolicy }
    if (type === 'json') init.headers = { accept: 'application/json', ...init.headers }
    const given = Object.fromEntries(
      Object.entries(init).filter(([, value]) => value !== undefined),
    )
    let response: Response
    try {
      response = await (manager?.fetch ?? fetch)(url, { ...given, signal: abort.signal })
    } catch (error) {
      if (abort.signal.aborted) throw error
      // Status 401 also says "no token": the tile waits for one.
      const status = (error as { name?: string }).name === 'TokenError' ? 401 : 0
      throw failure(status, (error as Error).message, parameters.url)
    }
    if (!response.ok) throw failure(response.status, response.statusText, parameters.url)
    return {
      data: await (type === 'json'
        ? response.json()
        : type === 'string'
          ? response.text()
          : response.arrayBuffer()),
      cacheControl: response.headers.get('cache-control'),
      expires: response.headers.get('expires'),
      etag: response.headers.get('etag'),
    }
  }
  addProtocol(`${name}https`, load)
  addProtocol(`${name}http`, load)
  return protocol
}

/** Shaped like MapLibre's own AJAXError; its members survive the way through a worker. */
function failure(status: number, reason: string, url: string): Error {
  return Object.assign(new Error(`${reason} (${status})`), { status, url })
}
