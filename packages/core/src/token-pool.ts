import type { TokenManager } from './token-manager.ts'

/** A key that no request used for this long is idle (ms). */
const IDLE = 300_000
/** While somebody listens, renewals that an idle key may still have: what they heal counts as a use. */
const SPARE_RENEWALS = 1

interface Entry {
  readonly manager: TokenManager
  /** Requests that are under way: their key stays. */
  busy: number
  usedAt: number
  /** Renewals since then. */
  renewals: number
  /** How the pool's listeners, and its own, stop listening here. */
  readonly stops: Map<unknown, () => void>
}

type Attach = (manager: TokenManager) => () => void

/** A pool goes wherever a manager does. */
export interface TokenPool extends TokenManager {
  /** The manager of a URL's key. The pool owns it, and disposes of it when the key is idle: listen on the pool. */
  manager(url: string): TokenManager | undefined
}

/**
 * One manager per key, for keys that are not known in advance: each dataset, or tenant, has its own token.
 * Concurrent requests of one key share one exchange.
 *
 * A key that no request used for five minutes is dropped, and its manager disposed, at the next use of
 * any key, or after its own second renewal in vain. There is no timer for this; the next request for the
 * key starts afresh.
 *
 * What a pool makes of the members that know no URL:
 *
 * - `allow` is empty, because keys are unknown in advance, so it is never compared with that of other managers;
 * - `peek()` is undefined and `getToken()` rejects with a TypeError: no token is the pool's. Use `authorize(url)`;
 * - `reject(value)` reaches the manager that holds this token, whichever it is;
 * - `on()` listens to the manager of every key, now and later; while anybody does, each key in use is kept fresh;
 * - `state` is the worst of all keys': denied, unavailable, renewing, fresh, idle;
 * - `renew()` exchanges for every key, and resolves with the token of the one used last;
 * - `invalidate()` reaches every key's manager, and `dispose()` drops every key.
 *
 * @param keyOf The key of a URL, pure and cheap; undefined for a URL that no token is for.
 * @param create Makes the manager of a key, which is the pool's from then on.
 */
export function createTokenPool(
  keyOf: (url: string) => string | undefined,
  create: (key: string) => TokenManager,
): TokenPool {
  /** By last use, the latest at the end. */
  const entries = new Map<string, Entry>()
  const listeners = new Set<Attach>()

  function find(url: string): Entry | undefined {
    const key = keyOf(url)
    if (key === undefined) return undefined
    const entry = entries.get(key) ?? add(key)
    entry.usedAt = performance.now()
    entry.renewals = 0
    entries.delete(key)
    entries.set(key, entry)
    for (const [other, each] of entries) {
      if (performance.now() - each.usedAt < IDLE) break
      if (!each.busy) drop(other)
    }
    return entry
  }

  function add(key: string): Entry {
    const entry: Entry = {
      manager: create(key),
      busy: 0,
      usedAt: 0,
      renewals: 0,
      stops: new Map(),
    }
    for (const listener of listeners) entry.stops.set(listener, listener(entry.manager))
    watch(key, entry)
    return entry
  }

  /** Drops an idle key instead of renewing it for ever. Only while somebody listens, since this keeps the token fresh too. */
  function watch(key: string, entry: Entry): void {
    if (!listeners.size || entry.stops.has(watch)) return
    const stop = entry.manager.on('renewed', () => {
      const isIdle = !entry.busy && performance.now() - entry.usedAt >= IDLE
      if (isIdle && ++entry.renewals > SPARE_RENEWALS) drop(key)
    })
    entry.stops.set(watch, stop)
  }

  function drop(key: string): void {
    const entry = entries.get(key)
    entries.delete(key)
    for (const stop of entry?.stops.values() ?? []) stop()
    entry?.manager.dispose()
  }

  /** Runs a request, which uses its key until it has ended. */
  function use<T>(entry: Entry, request: () => T): T {
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

  const pool: TokenPool = {
    manager: (url) => find(url)?.manager,
    allow: [],
    get state() {
      return currentState()
    },
    peek: () => undefined,
    getToken: async () => {
      throw new TypeError(
        'A pool has a token per key: use authorize(url), fetch(url) or manager(url)',
      )
    },
    async renew() {
      const renewed = await Promise.all(managers().map((manager) => manager.renew()))
      return renewed.at(-1) ?? pool.getToken()
    },
    invalidate() {
      for (const manager of managers()) manager.invalidate()
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
      for (const key of [...entries.keys()]) drop(key)
    },
  }
  return pool
}
