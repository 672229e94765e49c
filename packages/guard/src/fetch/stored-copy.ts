import { FOR_CACHES } from './protect-response.ts'

/** In a stored copy: the status and the `Cache-Control` of the answer that it stands for. */
const STATUS = 'X-Tilepass-Stored-Status'
const CACHE_CONTROL = 'X-Tilepass-Stored-Cache-Control'
/** Sparse tilesets answer so for most of the world. Caches do not store these statuses, so a copy is a 200. */
const EMPTY = [204, 404]
/** Longest lifetime of a 404, in ms: a tile may come into being. */
const MAX_ABSENT = 60_000
/** What the origin forbids to share. */
const UNSHARED = /(?:^|,)\s*(?:no-store|no-cache|private)\b/i
/** What a cache adds, or what would be wrong for the next client. */
const NOT_STORED = /^(?:vary|expires|pragma|age|cf-cache-status|access-control-.*)$/i

/**
 * Makes the copy of an origin's answer that a shared cache may store: for `lifetime` ms, and without what
 * differs between clients. `undefined` for answers that must not be stored: those with `Set-Cookie`,
 * `Vary: *` or a `Cache-Control` that forbids it, and statuses other than 200, 204 and 404.
 *
 * The answer's body is not read, and can still be sent.
 *
 * @param lifetime At least a second; a 404 is stored for a minute at most.
 */
export function toStoredCopy(answer: Response, lifetime: number): Response | undefined {
  const { status, headers: given } = answer
  const isEmpty = EMPTY.includes(status)
  if (status !== 200 && !isEmpty) return
  const cacheControl = given.get('cache-control') ?? ''
  if (given.has('set-cookie') || given.get('vary')?.includes('*') || UNSHARED.test(cacheControl))
    return
  // From the answer itself: workerd keeps with it whether the body is compressed already.
  const copy = isEmpty
    ? new Response('', { headers: given })
    : new Response(answer.clone().body, answer)
  const { headers } = copy
  for (const name of [...headers.keys()])
    if (NOT_STORED.test(name) || FOR_CACHES.test(name)) headers.delete(name)
  const counts = status === 404 ? Math.min(lifetime, MAX_ABSENT) : lifetime
  headers.set('Cache-Control', `public, max-age=${Math.floor(counts / 1000)}`)
  headers.set(STATUS, String(status))
  headers.set(CACHE_CONTROL, cacheControl)
  return copy
}

/** Makes the answer that a stored copy stands for. Any other answer is passed on. */
export function fromStoredCopy(copy: Response): Response {
  const status = Number(copy.headers.get(STATUS))
  if (copy.status !== 200 || (status !== 200 && !EMPTY.includes(status))) return copy
  const answer = status === 200 ? new Response(copy.body, copy) : toEmpty(copy, status)
  const { headers } = answer
  const cacheControl = headers.get(CACHE_CONTROL)
  if (cacheControl) headers.set('Cache-Control', cacheControl)
  else headers.delete('Cache-Control')
  for (const name of [STATUS, CACHE_CONTROL]) headers.delete(name)
  for (const name of [...headers.keys()]) if (NOT_STORED.test(name)) headers.delete(name)
  return answer
}

function toEmpty(copy: Response, status: number): Response {
  void copy.body?.cancel().catch(() => undefined)
  return new Response(null, { status, headers: copy.headers })
}
