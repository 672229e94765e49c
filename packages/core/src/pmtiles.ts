import {
  type Cache,
  EtagMismatch,
  type Header,
  PMTiles,
  type RangeResponse,
  ResolvedValueCache,
  type Source,
} from 'pmtiles'
import type { TokenFetch } from './token-manager.ts'

/**
 * Creates a PMTiles archive whose range requests carry the token: they wait for it, and are replayed if the
 * server refuses it. Use it with pmtiles' `protocol.add(archive)` before the style loads, or with
 * protomaps-leaflet's `leafletLayer({ url: archive })`. Nothing is fetched before the first tile.
 *
 * After an error the archive tries again at the next tile, and a replaced archive is read anew. An error
 * answer of the server has its `status`; the server must expose `ETag` and `Content-Range` to other origins.
 *
 * @param url As in the style after `pmtiles://`; it is the archive's key.
 * @see https://docs.protomaps.com/pmtiles/maplibre
 */
export function createPmtilesArchive(tokens: TokenFetch, url: string): PMTiles {
  return new PMTiles(createSource(tokens, url), createCache())
}

/** Like pmtiles' `FetchSource`, which does not accept a custom `fetch`. */
function createSource(tokens: TokenFetch, url: string): Source {
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
        // Chromium revalidates cached ranges with If-Range, to which a replaced archive is sent as a
        // whole: https://github.com/protomaps/PMTiles/issues/415
        cache = 'reload'
        void response.body?.cancel()
        response = await request(range, cache, signal)
      }
      if (offset === 0 && response.status === 416) {
        // The archive is shorter than the header request: some servers refuse such a range instead of shortening it.
        const size = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
        if (size) response = await request(`0-${+size - 1}`, 'reload', signal)
      }
      const { status, headers } = response
      const tag = headers.get('etag')
      const found = tag?.startsWith('W/') ? undefined : (tag ?? undefined)
      if (status === 416 || (etag && found && found !== etag)) {
        // The browser's cache may hold ranges of the previous archive.
        cache = 'reload'
        void response.body?.cancel()
        throw new EtagMismatch('The archive was replaced while it was being read.')
      }
      const whole = isWhole(response, length)
      if (!response.ok || whole) {
        void response.body?.cancel()
        const message = whole
          ? 'The archive server does not support range requests.'
          : `The archive server answered ${status}.`
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

/** Some servers answer a range with 200, which is fine if the body is no larger than the range. */
function isWhole({ status, headers }: Response, length: number): boolean {
  const size = headers.get('content-length')
  return status === 200 && !(size && +size <= length)
}

/**
 * pmtiles' default cache keeps a rejected header for ever, and its other cache makes one request for each
 * waiting tile. This one keeps results, shares running requests, and forgets failures.
 */
function createCache(): Cache {
  const kept = new ResolvedValueCache()
  const headers = new Map<string, Promise<Header>>()
  const directories = new Map<string, ReturnType<Cache['getDirectory']>>()
  return {
    getHeader: (source) => share(headers, '', () => kept.getHeader(source)),
    // Without the signal, which belongs to one tile: the directory is for all that wait.
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
