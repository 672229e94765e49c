import type { SingleFlight } from './single-flight.ts'

/** How an issuer's documents are fetched. */
export interface FetchAccess {
  readonly fetch: typeof globalThis.fetch
  /** One for each document. */
  readonly createFlight: () => SingleFlight
  /** Time limit of one fetch, in ms. */
  readonly timeout: number
}

/**
 * Fetches a JSON document, within limits on time and size and without following redirects.
 *
 * @param maxBytes Limit for the body after decompression.
 * @throws `Error` for anything but a 200 with JSON in UTF-8.
 */
export async function fetchJson(
  url: URL,
  { fetch, timeout }: Pick<FetchAccess, 'fetch' | 'timeout'>,
  maxBytes: number,
): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    // Not `'error'`, which workerd does not support: here a redirect fails as any other status does.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url.pathname} answered ${response.status}`)
  }
  return JSON.parse(await readText(response, maxBytes))
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let size = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > maxBytes) throw new Error(`the body is larger than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
