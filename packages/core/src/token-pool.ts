import type { TokenState } from './events.ts'
import type { TokenManager } from './token-manager.ts'

/** A key that no request used for this long is idle (ms). */
const IDLE = 300_000
/** Renewals that an idle key still gets while the pool has a listener: requests that follow a renewal count as use. */
const SPARE_RENEWALS = 1

interface Entry {
  readonly manager: TokenManager
  /** Running requests; a key with one stays. */
  busy: number
  usedAt: number
  /** Renewals since the last use. */
  renewals: number
  /** For each listener of the pool, and for its own, how to remove it from this manager. */
  readonly stops: Map<unknown, () => void>
}

type Listen = (manager: TokenManager) => () => void

const worst = (has: (state: TokenState) => unknown): TokenState =>
  (['denied', 'unavailable', 'renewing', 'fresh'] as const).find(has) ?? 'idle'

/** Managers by key. Accepted wherever a manager is; see {@link createTokenPool} for the differences. */
export interface TokenPool extends TokenManager {
  /** The manager for a URL's key. The pool owns it and disposes of it once the key is idle, so listen on the pool. */
  manager(url: string): TokenManager | undefined
  /** A pool has no token of its own. */
  peek(): undefined
  /** @throws TypeError always: a pool has no token of its own. */
  getToken(): Promise<never>
}

/**
 * Creates one manager per key, for keys that are not known in advance: each dataset or tenant has its own
 * token. Concurrent requests for one key share one exchange.
 *
 * A key that no request used for five minutes is dropped and its manager disposed: at the next use of any
 * key, or after its second renewal without use. There is no timer for this; the next request for the key
 * starts afresh.
 *
 * Members that take no URL behave as follows:
 *
 * - `allow` is empty, because keys are unknown in advance; it is never compared with that of other managers;
 * - `peek()` returns undefined and `getToken()` rejects with a TypeError: use `authorize(url)`;
 * - `prepare()` does nothing;
 * - `reject(value)` reaches the manager that holds this token;
 * - `on()` listens to the manager of every key, now and later; while there is a listener, each key in use is kept fresh;
 * - `state` is the worst of all keys: denied, unavailable, renewing, fresh, idle; `failure` is that of one of them;
 * - `renew()` exchanges for every key and resolves to the token of the key used last;
 * - `invalidate()` reaches the manager of every key, and `dispose()` drops every key.
 *
 * @param keyOf The key of a URL, pure and cheap; undefined for a URL that needs no token.
 * @param create Creates the manager for a key; the pool owns it from then on.
 */
export function createTokenPool(
  keyOf: (url: string) => string | undefined,
  create: (key: string) => TokenManager,
): TokenPool {
  /** By last use, the latest at the end. */
  const entries = new Map<string, Entry>()
  const listeners = new Set<Listen>()

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

  /** Drops an idle key instead of renewing it for ever. Only while the pool has a listener, because watching keeps the token fresh too. */
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

  /** Runs a request, which uses its key until it ends. */
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

  /** The manager of the URL's key; for a URL without one, that used last. */
  const findManager = (url: string) => find(url)?.manager ?? managers().at(-1)

  const managers = () => Array.from(entries.values(), ({ manager }) => manager)

  /** The worst of all keys. It asks each of them. */
  function currentState(): TokenState {
    const states = managers().map(({ state }) => state)
    return worst((state) => states.includes(state))
  }

  const pool: TokenPool = {
    manager: (url) => find(url)?.manager,
    allow: [],
    get state() {
      return currentState()
    },
    get failure() {
      return managers().find(({ failure }) => failure)?.failure
    },
    peek: () => undefined,
    getToken: async () => {
      throw new TypeError(
        'A pool has one token per key: use authorize(url), fetch(url) or manager(url)',
      )
    },
    prepare() {},
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
    match(url) {
      const entry = find(url)
      const covered = entry?.manager.match(url)
      if (!entry || !covered) return undefined
      return {
        ...covered,
        authorize: (signal) => use(entry, () => covered.authorize(signal)),
        fetch: (init) => use(entry, () => covered.fetch(init)),
      }
    },
    authorize(url, options) {
      const entry = find(url)
      return entry && use(entry, () => entry.manager.authorize(url, options))
    },
    async fetch(input, init) {
      const url = (input as Request).url ?? String(input)
      const entry = find(url)
      if (entry) return use(entry, () => entry.manager.fetch(input, init))
      const response = await fetch(input, init)
      pool.reportUncovered(url, response.status)
      return response
    },
    isAuthFailure: (url, response) => findManager(url)?.isAuthFailure(url, response) ?? false,
    reportUncovered: (url, status) => findManager(url)?.reportUncovered(url, status),
    on(type, listener) {
      // Keys by their state: asking all of them at each change of one would take a page of many keys minutes.
      const counts: Record<string, number> = {}
      const count = (state: TokenState, change: number) => {
        counts[state] = (counts[state] ?? 0) + change
      }
      let reported = currentState()
      const listen: Listen = (manager) => {
        if (type !== 'state') return manager.on(type, listener)
        let { state } = manager
        count(state, 1)
        const stop = manager.on('state', (next) => {
          count(state, -1)
          state = next
          count(state, 1)
          const now = worst((each) => counts[each])
          if (now === reported) return
          reported = now
          listener(now as never)
        })
        return () => {
          count(state, -1)
          stop()
        }
      }
      listeners.add(listen)
      for (const [key, entry] of entries) {
        entry.stops.set(listen, listen(entry.manager))
        watch(key, entry)
      }
      return () => {
        listeners.delete(listen)
        for (const { stops } of entries.values()) {
          for (const each of listeners.size ? [listen] : [listen, watch]) {
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
