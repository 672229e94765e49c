import type { TokenManager } from './token-manager.ts'

/** `fetch` through a manager: waits for a token, attaches it, and replays once when a server refuses it. */
export async function authorizedFetch(
  tokens: Pick<TokenManager, 'authorize' | 'reject' | 'isAuthFailure'>,
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const request = input instanceof Request ? input.clone() : undefined
  // As bytes: of a stream, Chrome sends it over HTTP/2 only, and Firefox shows none.
  const body = await request?.blob()
  if (request) Object.defineProperty(request, 'body', { value: body?.size ? body : null })
  const url = request?.url ?? String(input)
  const signal = init?.signal ?? request?.signal
  // A stream can be sent only once.
  let replays = init?.body instanceof ReadableStream ? 0 : 1
  for (;;) {
    const authorized = await tokens.authorize(url, { signal })
    if (!authorized) {
      const response = await fetch(input, init)
      void tokens.isAuthFailure(url, response)
      return response
    }
    const headers = new Headers(init?.headers ?? request?.headers)
    for (const name in authorized.headers) headers.set(name, authorized.headers[name] as string)
    const target = request ? new Request(authorized.url, request) : authorized.url
    // A redirect would carry the request, and what is in it, to a host that nobody allowed.
    const redirect = init?.redirect ?? 'error'
    const response = await fetch(target, { ...init, headers, redirect })
    if (!(await tokens.isAuthFailure(url, response))) return response
    tokens.reject(authorized.token)
    if (!replays--) return response
    // Not awaited: a copy that isAuthFailure() left unread would hold it up for ever.
    response.body?.cancel().catch(() => {})
  }
}
