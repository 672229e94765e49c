/** What tests ask a server. Each answer is its status and, where it has one, its body. */
export interface Calls {
  createToken(): Promise<Answer<{ id: string; token: string }>>
  revoke(id: string): Promise<Answer>
  exchange(token: string): Promise<Answer<{ access_token: string }>>
  readTile(token: string): Promise<Answer>
  signIn(password: string): Promise<Answer<{ token: string; refresh_token: string }>>
  refresh(token: string): Promise<Answer<{ token: string; refresh_token: string }>>
  mapToken(): Promise<Answer<{ access_token: string }>>
}

/** An answer, and how long it took. */
export interface Answer<Body = unknown> {
  /** 0 if there was none. */
  readonly status: number
  /** `undefined` if it is no JSON. */
  readonly body: Body | undefined
  readonly text: string
  /** When it was asked for; ms of the steady clock. */
  readonly askedAt: number
  /** ms. */
  readonly took: number
}

/** A request is given up after this time, in ms: far more than any limit that is promised. */
const GIVE_UP = 30_000

/** Sends a request. It never throws: no answer is status 0. */
export async function call<Body>(url: string, init: RequestInit = {}): Promise<Answer<Body>> {
  const askedAt = performance.now()
  let status = 0
  let text = ''
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(GIVE_UP) })
    text = await response.text()
    status = response.status
  } catch {
    status = 0
  }
  return { status, text, body: parse(text), askedAt, took: performance.now() - askedAt }
}

/** The calls of a server. @param admin An API token that may administer. */
export function callsOf(url: string, admin: string): Calls {
  const post = <Body>(path: string, body?: object, token?: string) =>
    call<Body>(`${url}${path}`, {
      method: 'POST',
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  return {
    createToken: () => post('/v1/admin/tokens', { account: 'city', scope: 'tiles:read' }, admin),
    revoke: (id) => call(`${url}/v1/admin/tokens/${id}`, { method: 'DELETE', ...bearer(admin) }),
    exchange: (token) => post('/v1/auth/token', undefined, token),
    readTile: (token) => call(`${url}/v1/tiles/world/0/0/0.mvt`, bearer(token)),
    signIn: (password) => post('/token', { username: 'city', password }),
    refresh: (token) => post('/token', { refresh_token: token }),
    mapToken: () => post('/map-token'),
  }
}

/** Creates a token, which must succeed. */
export async function createToken(calls: Calls): Promise<{ id: string; token: string }> {
  const { status, body, text } = await calls.createToken()
  if (status !== 201 || !body) throw new Error(`no token: ${status} ${text.slice(0, 200)}`)
  return body
}

/** The result of a call that must succeed. */
export async function requireBody<Body>(asked: Promise<Answer<Body>>): Promise<Body> {
  const { status, body } = await asked
  if (status < 200 || status > 299 || !body) throw new Error(`the answer is ${status}`)
  return body
}

function parse<Body>(text: string): Body | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return
  }
}
