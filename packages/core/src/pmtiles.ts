import {
  type Cache,
  EtagMismatch,
  type Header,
  PMTiles,
  type RangeResponse,
  ResolvedValueCache,
  type Source,
} from 'pmtiles'
import type { TokenManager } from './token-manager.ts'

/**
 * A PMTiles archive whose range requests carry the token: they wait for it, and are made again when the
 * server refuses it. For `protocol.add(archive)` of pmtiles before the style loads, or `leafletLayer({ url: archive })`
 * of protomaps-leaflet. Nothing is fetched before the first tile.
 *
 * After an error the archive asks again at the next tile, and a replaced archive is read anew. An error
 * of the server has its `status`; the server must expose `ETag` and `Content-Range` to other origins.
 *
 * @param url As in the style after `pmtiles://`; it is the archive's key.
 * @see https://docs.protomaps.com/pmtiles/maplibre
 */
export function createPmtilesArchive(tokens: Pick<TokenManager, 'fetch'>, url: string): PMTiles {
  return new PMTiles(createSource(tokens, url), createCache())
}

/** pmtiles' own `FetchSource` with another `fetch`, since it takes none. */
function createSource(tokens: Pick<TokenManager, 'fetch'>, url: string): Source {
  // Chromium on Windows mixes up cached ranges: https://github.com/protomaps/PMTiles/issues/442
  const isMixedUp = /Windows.*Chrome/.test(globalThis.navigator?.userAgent)
  let cache: RequestCache = isMixedUp ? 'no-store' : 'default'

  function request(range: string, mode: RequestCache, signal: AbortSignal | undefined) {
    const headers = { range: `bytes=${range}` }
    return tokens.fetch(url, { headers, cache: mode, signal: signal ?? null })
  }

  return {
    getKey: () => url,
    async getBytes(offset, length, signal, etag): Promise<RangeResponse> {
      const range = `${offset}-${offset + length - 1}`
      let response = await request(range, cache, signal)
      if (isWhole(response, length) && cache === 'default') {
        // Chromium asks for what it has cached with If-Range, which a replaced archive answers as a
        // whole: https://github.com/protomaps/PMTiles/issues/415
        cache = 'reload'
        void response.body?.cancel()
        response = await request(range, cache, signal)
      }
      if (offset === 0 && response.status === 416) {
        // An archive shorter than the header request: some servers refuse the range instead of cutting it.
        const size = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
        if (size) response = await request(`0-${+size - 1}`, 'reload', signal)
      }
      const { status, headers } = response
      const tag = headers.get('etag')
      const found = tag?.startsWith('W/') ? undefined : (tag ?? undefined)
      if (status === 416 || (etag && found && found !== etag)) {
        // What the browser has cached may be of the archive as it was.
        cache = 'reload'
        void response.body?.cancel()
        throw new EtagMismatch('The archive was replaced while it was read.')
      }
      const whole = isWhole(response, length)
      if (!response.ok || whole) {
        void response.body?.cancel()
        const message = whole
          ? "The archive's server does not answer range requests."
          : `The archive's server answered ${status}.`
        throw Object.assign(new Error(message), { status })
      }
      return {
        data: await response.arrayBuffer(),
        ...(found ? { etag: found } : {}),
        ...(headers.has('cache-control')
          ? { cacheControl: headers.get('cache-control') ?? '' }
          : {}),
        ...(headers.has('expires') ? { expires: headers.get('expires') ?? '' } : {}),
      }
    },
  }
}

/** Some servers answer a range with 200, which is as good if it is no more than what was asked for. */
function isWhole({ status, headers }: Response, length: number): boolean {
  const size = headers.get('content-length')
  return status === 200 && !(size && +size <= length)
}

/**
 * pmtiles' default cache keeps a rejected header for ever, and its other one asks as many times as there
 * are tiles waiting. This one keeps what it got, shares what is under way, and forgets what failed.
 */
function createCache(): Cache {
  const kept = new ResolvedValueCache()
  const headers = new Map<string, Promise<Header>>()
  const directories = new Map<string, ReturnType<Cache['getDirectory']>>()
  return {
    getHeader: (source) => share(headers, '', () => kept.getHeader(source)),
    // Without the signal: it is one tile's, and the directory is for all that wait.
    getDirectory: (source, offset, length, header) =>
      share(directories, `${header.etag} ${offset} ${length}`, () =>
        kept.getDirectory(source, offset, length, header),
      ),
    invalidate: (source) => kept.invalidate(source),
  }
}

function share<T>(running: Map<string, Promise<T>>, key: string, ask: () => Promise<T>) {
  const known = running.get(key)
  if (known) return known
  const asked = ask().finally(() => running.delete(key))
  running.set(key, asked)
  return asked
}
