/** How a document of an issuer is fetched. */
export interface FetchAccess {
  readonly fetch: typeof globalThis.fetch
  /** A fetch that takes longer has failed; ms. */
  readonly timeout: number
}

/**
 * Fetches a JSON document that nobody can make us wait for, redirect us from or fill our memory with.
 *
 * @param maxBytes Of the body, unpacked.
 * @throws `Error` for anything else than a 200 with JSON in UTF-8.
 */
export async function fetchJson(
  url: URL,
  { fetch, timeout }: FetchAccess,
  maxBytes: number,
): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
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
    if (size > maxBytes) throw new Error('the answer is too large')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
