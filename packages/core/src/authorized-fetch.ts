import type { TokenManager } from './token-manager.ts'

/** `fetch` through a manager: waits for a token, attaches it, and replays once when a server refuses it. */
export async function authorizedFetch(
  tokens: Pick<TokenManager, 'authorize' | 'reject' | 'isAuthFailure' | 'match'>,
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input)
  const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
  const first = await tokens.authorize(url, { signal })
  if (!first) {
    const response = await fetch(input, init)
    void tokens.isAuthFailure(url, response)
    return response
  }
  const send = (request: Request, { url, headers }: typeof first) => {
    const authorized = new Request(url, request)
    for (const [name, value] of Object.entries(headers)) authorized.headers.set(name, value)
    // A redirect would carry the request, and what is in it, to a host that nobody allowed.
    return fetch(authorized, { redirect: init?.redirect ?? 'error' })
  }
  const request = new Request(input, init)
  // A stream can be sent only once; everything else is kept for the replay.
  const spare = init?.body instanceof ReadableStream ? undefined : request.clone()
  const response = await send(request, first)
  if (!(await tokens.isAuthFailure(url, response))) return response
  tokens.reject(first.token)
  if (!spare) return response
  const second = await tokens.authorize(url, { signal })
  if (!second) return response
  await response.body?.cancel()
  const replay = await send(spare, second)
  if (await tokens.isAuthFailure(url, replay)) tokens.reject(second.token)
  return replay
}
