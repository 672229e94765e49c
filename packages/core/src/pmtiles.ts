import { EtagMismatch, PMTiles, type RangeResponse, ResolvedValueCache, type Source } from 'pmtiles'
import type { TokenManager } from './token-manager.ts'

/** Keeps what was read, never a failure; callers that want the same part at once share one request. */
class ArchiveCache extends ResolvedValueCache {
  readonly #running = new Map<string, Promise<unknown>>()

  override getHeader(source: Source): ReturnType<ResolvedValueCache['getHeader']> {
    return this.#share('header', () => super.getHeader(source))
  }

  override getDirectory(
    ...[source, offset, length, header]: Parameters<ResolvedValueCache['getDirectory']>
  ): ReturnType<ResolvedValueCache['getDirectory']> {
    // Without the caller's signal: whoever gives up must not take the directory from the others.
    return this.#share(`${header.etag}|${offset}|${length}`, () =>
      super.getDirectory(source, offset, length, header),
    )
  }

  #share<T>(part: string, read: () => Promise<T>): Promise<T> {
    const running = this.#running.get(part) as Promise<T> | undefined
    if (running) return running
    const reading = read().finally(() => this.#running.delete(part))
    this.#running.set(part, reading)
    return reading
  }
}

/**
 * A PMTiles archive whose ranges are read with a token. Hand it to `protocol.add()`, or to whatever
 * else takes a `PMTiles`. A refused or unreachable archive is asked again at the next tile; one that
 * was replaced on the server is read afresh. Errors carry the server's `status`.
 *
 * @param url Absolute, as it stands after `pmtiles://` in the style.
 * @see https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
 */
export function createPmtilesArchive(tokens: Pick<TokenManager, 'fetch'>, url: string): PMTiles {
  // Once the archive was replaced, a cache may hold ranges of the former one.
  let replaced = false

  async function getBytes(
    offset: number,
    length: number,
    signal?: AbortSignal,
    etag?: string,
  ): Promise<RangeResponse> {
    const read = (end: number, cache: RequestCache) =>
      tokens.fetch(url, {
        headers: { Range: `bytes=${offset}-${end - 1}` },
        cache,
        signal: signal ?? null,
      })
    let response = await read(offset + length, replaced ? 'reload' : 'default')
    const { headers } = response
    // Some stores refuse a first range that ends beyond a small archive, and name its size.
    const size = response.status === 416 && /^bytes \*\/(\d+)$/.exec(get(headers, 'content-range'))
    if (offset === 0 && size) response = await read(Number(size[1]), 'reload')
    // A weak ETag says nothing about bytes.
    const found = get(response.headers, 'etag').replace(/^W\/.*/, '')
    if (response.status === 416 || (etag && found && found !== etag)) {
      replaced = true
      throw new EtagMismatch('The archive on the server is no longer the one that was read before.')
    }
    if (!response.ok) throw failure(`The archive's server answered ${response.status}.`, response)
    if (response.status === 200 && !(Number(get(response.headers, 'content-length')) <= length)) {
      void response.body?.cancel()
      throw failure("The archive's server does not serve byte ranges.", response)
    }
    return {
      data: await response.arrayBuffer(),
      ...(found && { etag: found }),
      ...pick('cacheControl', get(response.headers, 'cache-control')),
      ...pick('expires', get(response.headers, 'expires')),
    }
  }

  return new PMTiles({ getKey: () => url, getBytes }, new ArchiveCache())
}

const get = (headers: Headers, name: string) => headers.get(name) ?? ''
const pick = <N extends string>(name: N, value: string) =>
  (value ? { [name]: value } : {}) as { [K in N]?: string }
const failure = (message: string, { status }: Response) =>
  Object.assign(new Error(message), { status })
