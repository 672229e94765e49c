import type { RelayedToken } from '../upstreams/answer.ts'
import type { Exchanged, Exchanger, Wanted } from '../upstreams/exchanger.ts'
import type { NamedRelayedGrant } from './relayed-grant.ts'

/** What a page's request says besides the grant. */
export interface Ask {
  /** One of the grant's datasets. */
  readonly dataset: string | undefined
  /** What tells this session from others; `undefined` without one that we know. */
  readonly session: string | undefined
}

/** Tokens of upstreams for pages. */
export interface Relay {
  /**
   * Gets a token of the grant's upstream. A shared one is handed out while half of its life is left,
   * and later too while the upstream gives no other. Nobody else gets the token of a session.
   *
   * @throws `UpstreamError`
   */
  obtain(grant: NamedRelayedGrant, ask: Ask): Promise<RelayedToken>
  /** Names of upstreams that refuse what they are asked. */
  findRefused(): readonly string[]
  /** Reads every secret again. */
  reload(): Promise<void>
}

/** How long a request waits for a newer token while it could have the old one, in ms. */
const PATIENCE = 2_000
/** What nobody can use any more: less of a life than this, in ms. */
const MIN_LEFT = 1_000

/** Creates the relay. */
export function createRelay(exchangers: ReadonlyMap<string, Exchanger>, now: () => number): Relay {
  const flights = new Map<string, Promise<Exchanged>>()
  const cache = new Map<string, Exchanged>()

  /** One exchange at a time per key; a failed one does not spoil the next. */
  const fly = (key: string, exchanger: Exchanger, wanted: Wanted): Promise<Exchanged> => {
    const running = flights.get(key)
    if (running) return running
    const flight = exchanger.exchange(wanted).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  const share = async (key: string, exchanger: Exchanger, wanted: Wanted) => {
    const found = cache.get(key)
    const left = (found?.token.expiresAt ?? 0) - now()
    // More left than there was of it: the clock has been set back, and nobody knows its end any more.
    const held = found && left <= found.token.lifetime ? found : undefined
    if (held && left >= held.token.lifetime / 2 && held.version === exchanger.findVersion())
      return held.token
    const flight = fly(key, exchanger, wanted).then((exchanged) => {
      cache.set(key, exchanged)
      return exchanged.token
    })
    if (!held || left < MIN_LEFT) return flight
    try {
      return (await within(Math.min(PATIENCE, left - MIN_LEFT), flight)) ?? held.token
    } catch (error) {
      if (held.token.expiresAt - now() >= MIN_LEFT) return held.token
      throw error
    }
  }

  return {
    obtain: async (grant, { dataset, session }) => {
      const exchanger = exchangers.get(grant.upstream)
      if (!exchanger) throw new TypeError('a grant of an upstream that is not there')
      const { name, scope, expiresInSeconds, shared } = grant
      const wanted = { grant: name, scope, expiresInSeconds, dataset }
      const key = JSON.stringify([name, dataset])
      if (shared) return share(key, exchanger, wanted)
      if (session === undefined) return (await exchanger.exchange(wanted)).token
      return (await fly(JSON.stringify([name, dataset, session]), exchanger, wanted)).token
    },
    findRefused: () =>
      [...exchangers].filter(([, { isRefused }]) => isRefused).map(([name]) => name),
    reload: async () => {
      await Promise.all([...exchangers.values()].map((exchanger) => exchanger.reload()))
    },
  }
}

/** The result if it comes in time; `undefined` after that, when it may still come for others. */
async function within<T>(limit: number, running: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limit)
  })
  try {
    return await Promise.race([running, late])
  } finally {
    clearTimeout(timer)
  }
}
