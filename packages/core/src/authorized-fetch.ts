import type { Answer, CoveredUrl } from './covered-url.ts'

/** `fetch` with the token: waits for one, attaches it, and replays once if the server refuses it. */
export async function authorizedFetch(
  covered: CoveredUrl,
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Answer> {
  const request = input instanceof Request ? input.clone() : undefined
  // As bytes: Chrome sends a stream over HTTP/2 only, and Firefox does not expose a request's body at all.
  const body = await request?.blob()
  if (request) Object.defineProperty(request, 'body', { value: body?.size ? body : null })
  // A stream can be sent only once.
  let replays = init?.body instanceof ReadableStream ? 0 : 1
  for (;;) {
    const authorized = await covered.authorize(init?.signal ?? request?.signal)
    const headers = new Headers(init?.headers ?? request?.headers)
    for (const name in authorized.headers) headers.set(name, authorized.headers[name] as string)
    const target = request ? new Request(authorized.url, request) : authorized.url
    let response: Response
    try {
      // Across origins, a redirect loses the Authorization header (Fetch Standard, HTTP-redirect fetch).
      response = await fetch(target, { ...init, headers })
    } catch (cause) {
      if ((cause as Error).name !== 'TypeError' || init?.redirect === 'error') throw cause
      const found = await covered.noAnswer(authorized.token)
      // The token was rejected for this, or has been replaced meanwhile.
      if (covered.authorizeNow()?.token !== authorized.token && replays--) continue
      throw found ? new TypeError(found, { cause }) : cause
    }
    const refused = await covered.isAuthFailure(response)
    if (refused) covered.reject(authorized.token)
    else covered.served(authorized.token)
    if (!refused || !replays--) return { response, refused }
    // Not awaited: it would never settle while isAuthFailure() holds a copy that it does not read.
    response.body?.cancel().catch(() => {})
  }
}
