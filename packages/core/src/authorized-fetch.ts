import type { TokenManager } from './token-manager.ts'

/** `fetch` through a manager: waits for a token, attaches it, and replays once when a server refuses it. */
export async function authorizedFetch(
  tokens: Pick<TokenManager, 'authorize' | 'reject' | 'isAuthFailure'>,
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input)
  let request: Request | undefined
  // A stream can be sent only once.
  let replays = init?.body instanceof ReadableStream ? 0 : 1
  for (;;) {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    const authorized = await tokens.authorize(url, { signal })
    if (!authorized) {
      const response = await fetch(input, init)
      void tokens.isAuthFailure(url, response)
      return response
    }
    request ??= new Request(input, init)
    const attempt = new Request(authorized.url, replays ? request.clone() : request)
    for (const name in authorized.headers)
      attempt.headers.set(name, authorized.headers[name] as string)
    // A redirect would carry the request, and what is in it, to a host that nobody allowed.
    const response = await fetch(attempt, { redirect: init?.redirect ?? 'error' })
    if (!(await tokens.isAuthFailure(url, response))) return response
    tokens.reject(authorized.token)
    if (!replays--) return response
    void response.body?.cancel()
  }
}
