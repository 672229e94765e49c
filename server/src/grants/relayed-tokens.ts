import type { RelayedToken } from '../upstreams/answer.ts'
import type {
  GrantRequest,
  UpstreamClient,
  UpstreamState,
  VersionedToken,
} from '../upstreams/client.ts'
import { withinTime } from '../upstreams/within-time.ts'
import type { NamedRelayedGrant } from './relayed-grant.ts'
import { findUsableTime, isHalfLeft } from './shared-lifetime.ts'

/** What the request of a page adds to a relayed grant. */
export interface RelayRequest {
  /** One of the grant's datasets. */
  readonly dataset: string | undefined
  /** Identifies the session of the page; `undefined` without one that the broker knows. */
  readonly session: string | undefined
}

/** Tokens that upstreams issue for grants. */
export interface RelayedTokens {
  /**
   * Requests a token from the grant's upstream. Pages share the token of a shared grant while half of its
   * lifetime is left, and longer while the upstream gives no other. Sessions never share a token.
   *
   * @throws `UpstreamError`
   */
  obtain(grant: Omit<NamedRelayedGrant, 'owner'>, request: RelayRequest): Promise<RelayedToken>
  /** Names of the upstreams that refused the last request of some grant. */
  listRefusing(): readonly string[]
  /** The state of each upstream, by its name. */
  readStates(): ReadonlyMap<string, UpstreamState>
  /** Reads every secret again. */
  reload(): Promise<void>
}

/** How long a page waits for a new token while the old one can still be handed out, in ms. */
const PATIENCE = 2_000

/** What is under way at an upstream, and the tokens that it gave for pages to share. */
interface Relay {
  readonly client: UpstreamClient
  readonly flights: Map<string, Promise<VersionedToken>>
  readonly shared: Map<string, VersionedToken>
}

/**
 * Creates the tokens of relayed grants.
 *
 * @param clients By the name of the upstream; they may change.
 */
export function createRelayedTokens(
  clients: ReadonlyMap<string, UpstreamClient>,
  now: () => number,
): RelayedTokens {
  // A client that takes the place of another begins with nothing.
  const relays = new WeakMap<UpstreamClient, Relay>()
  const getRelay = (client: UpstreamClient): Relay => {
    const relay = relays.get(client) ?? { client, flights: new Map(), shared: new Map() }
    relays.set(client, relay)
    return relay
  }

  /** One request at a time per key; a failed one does not affect the next. */
  const fly = (key: string, { client, flights }: Relay, request: GrantRequest) => {
    const running = flights.get(key)
    if (running) return running
    const flight = client.requestToken(request).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  const share = async (key: string, relay: Relay, request: GrantRequest): Promise<RelayedToken> => {
    const { client, shared } = relay
    const held = shared.get(key)
    const at = now()
    const isCurrent = () => held?.credentialVersion === client.readCredentialVersion()
    if (held && isHalfLeft(held, at) && isCurrent()) return held
    const flight = fly(key, relay, request).then((token) => {
      shared.set(key, token)
      return token
    })
    const usableTime = held && findUsableTime(held, at)
    if (!held || usableTime === undefined) return flight
    try {
      return await withinTime(flight, Math.min(PATIENCE, usableTime), () => held)
    } catch (error) {
      if (findUsableTime(held, now()) !== undefined) return held
      throw error
    }
  }

  return {
    obtain: async (grant, { dataset, session }) => {
      const client = clients.get(grant.upstream)
      if (!client) throw new TypeError(`the upstream of grant "${grant.name}" is not open`)
      const { name, scope, expiresInSeconds } = grant
      const request = { grant: name, scope, expiresInSeconds, dataset }
      const relay = getRelay(client)
      // What the grant asks for is part of it, because a reload may change that.
      const wanted = [name, dataset, scope, expiresInSeconds]
      if (grant.shared) return share(JSON.stringify(wanted), relay, request)
      if (session === undefined) return client.requestToken(request)
      return fly(JSON.stringify([...wanted, session]), relay, request)
    },
    listRefusing: () => [...clients].filter(([, { isRefused }]) => isRefused).map(([name]) => name),
    readStates: () => new Map([...clients].map(([name, { state }]) => [name, state])),
    reload: async () => {
      await Promise.all([...clients.values()].map((client) => client.reload()))
    },
  }
}
