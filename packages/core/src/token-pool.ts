import type { TokenManager } from './token-manager.ts'

/** More keys than this at once, and the one that was used longest ago goes. */
const MAX_KEYS = 64
/** Renewals in a row that no request used, after which a key is idle. */
const IDLE_RENEWALS = 2

interface Entry {
  readonly manager: TokenManager
  /** Requests that are under way: their key stays. */
  busy: number
  /** Renewals since its last use. */
  unused: number
  /** How the pool's listeners, and its own, stop listening here. */
  readonly stops: Map<unknown, () => void>
}

type Attach = (manager: TokenManager) => () => void

/**
 * One manager per key, for keys that are not known in advance: each dataset, or tenant, has its own token.
 * It goes wherever a manager does. Concurrent requests of one key share one exchange.
 *
 * A key is dropped, and its manager disposed, when two renewals in a row went unused, or when it is the
 * one used longest ago of more than 64. The next request for it starts afresh. There is no timer for this.
 *
 * What a pool makes of the members that know no URL:
 *
 * - `allow` is empty, because keys are unknown in advance, so it is never compared with that of other managers;
 * - `peek()` is undefined and `getToken()` rejects with a TypeError: no token is the pool's. Use `authorize(url)`;
 * - `reject(value)` reaches the manager that holds this token, whichever it is;
 * - `on()` listens to the manager of every key, now and later; while anybody does, each key in use is kept fresh;
 * - `state` is the worst of all keys': denied, unavailable, renewing, fresh, idle;
 * - `renew()` exchanges for every key, and resolves with the token of the one used last;
 * - `invalidate()` and `dispose()` drop every key.
 *
 * @param keyOf The key of a URL, pure and cheap; undefined for a URL that no token is for.
 * @param create Makes the manager of a key. The pool owns it: listen on the pool, not on the manager.
 */
export function createTokenPool(
  keyOf: (url: string) => string | undefined,
  create: (key: string) => TokenManager,
): TokenManager {
  /** By last use, the latest at the end. */
  const entries = new Map<string, Entry>()
  const listeners = new Set<Attach>()

  function find(url: string): Entry | undefined {
    const key = keyOf(url)
    if (key === undefined) return undefined
    const entry = entries.get(key) ?? add(key)
    entries.delete(key)
    entries.set(key, entry)
    return entry
  }

  function add(key: string): Entry {
    for (const [other, { busy }] of entries) {
      if (entries.size < MAX_KEYS) break
      if (!busy) drop(other)
    }
    const entry: Entry = { manager: create(key), busy: 0, unused: 0, stops: new Map() }
    for (const listener of listeners) entry.stops.set(listener, listener(entry.manager))
    watch(key, entry)
    return entry
  }

  /** Counts renewals that nobody used; only while somebody listens, since this keeps the token fresh too. */
  function watch(key: string, entry: Entry): void {
    if (!listeners.size || entry.stops.has(watch)) return
    const stop = entry.manager.on('renewed', () => {
      if (!entry.busy && entry.unused++ >= IDLE_RENEWALS) drop(key)
    })
    entry.stops.set(watch, stop)
  }

  function drop(key: string): void {
    const entry = entries.get(key)
    entries.delete(key)
    for (const stop of entry?.stops.values() ?? []) stop()
    entry?.manager.dispose()
  }

  /** Runs a request of a key, which counts as its use until the request has ended. */
  function use<T>(entry: Entry, request: () => T): T {
    entry.unused = 0
    const result = request()
    if (!(result instanceof Promise)) return result
    entry.busy++
    const end = () => {
      entry.busy--
    }
    result.then(end, end)
    return result
  }

  const managers = () => Array.from(entries.values(), ({ manager }) => manager)

  function currentState(): TokenManager['state'] {
    const states = managers().map(({ state }) => state)
    const order = ['denied', 'unavailable', 'renewing', 'fresh'] as const
    return order.find((state) => states.includes(state)) ?? 'idle'
  }

  const pool: TokenManager = {
    allow: [],
    get state() {
      return currentState()
    },
    peek: () => undefined,
    getToken: async () => {
      throw new TypeError('A pool has a token per key: use authorize(url) or fetch(url)')
    },
    async renew() {
      const renewed = await Promise.all(managers().map((manager) => manager.renew()))
      return renewed.at(-1) ?? pool.getToken()
    },
    invalidate() {
      for (const key of [...entries.keys()]) drop(key)
    },
    reject(value) {
      for (const manager of managers()) manager.reject(value)
    },
    match: (url) => find(url)?.manager.match(url),
    authorize(url, options) {
      const entry = find(url)
      return entry && use(entry, () => entry.manager.authorize(url, options))
    },
    fetch(input, init) {
      const entry = find(input instanceof Request ? input.url : String(input))
      return entry ? use(entry, () => entry.manager.fetch(input, init)) : fetch(input, init)
    },
    isAuthFailure: (url, response) => find(url)?.manager.isAuthFailure(url, response) ?? false,
    on(type, listener) {
      let told = currentState()
      const attach: Attach = (manager) => {
        if (type !== 'state') return manager.on(type, listener)
        return manager.on('state', () => {
          const state = currentState()
          if (state === told) return
          told = state
          listener(state as never)
        })
      }
      listeners.add(attach)
      for (const [key, entry] of entries) {
        entry.stops.set(attach, attach(entry.manager))
        watch(key, entry)
      }
      return () => {
        listeners.delete(attach)
        for (const { stops } of entries.values()) {
          for (const each of listeners.size ? [attach] : [attach, watch]) {
            stops.get(each)?.()
            stops.delete(each)
          }
        }
      }
    },
    dispose() {
      listeners.clear()
      pool.invalidate()
    },
  }
  return pool
}
