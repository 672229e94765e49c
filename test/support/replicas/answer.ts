/** What a request got. */
export interface Answer {
  /** 0 if there was no answer. */
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** When it was sent and when the answer was complete, in ms of the steady clock. */
  readonly askedAt: number
  readonly endedAt: number
}

/** Far more than any time that is promised, in ms. */
const GIVE_UP = 20_000

/** Sends a request. It never throws: no answer is status 0. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const askedAt = performance.now()
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      signal: AbortSignal.timeout(GIVE_UP),
    })
    const text = await response.text()
    const { status, headers } = response
    return { status, headers, text, askedAt, endedAt: performance.now() }
  } catch {
    return { status: 0, headers: new Headers(), text: '', askedAt, endedAt: performance.now() }
  }
}

/** A request in a few words. */
export interface Ask {
  readonly method?: string
  readonly bearer?: string
  readonly json?: object
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** Makes the request that `fetch` takes. */
export function toInit({ method, bearer, json, form, headers }: Ask): RequestInit {
  const body = json ? JSON.stringify(json) : form && String(new URLSearchParams(form))
  const type = json ? 'application/json' : 'application/x-www-form-urlencoded'
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body !== undefined && { 'content-type': type }),
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  }
}

/** A member of a JSON answer that is text; `''` if it is none. */
export function readText({ text }: Answer, member: string): string {
  const value = Object(parseJson(text))[member]
  return typeof value === 'string' ? value : ''
}

/** `undefined` if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return
  }
}
