import type { RelayedToken } from '../upstreams/answer.ts'
import type { GrantRequest, UpstreamClient, VersionedToken } from '../upstreams/client.ts'
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
  /** Reads every secret again. */
  reload(): Promise<void>
}

/** How long a page waits for a new token while the old one can still be handed out, in ms. */
const PATIENCE = 2_000

/** Creates the tokens of relayed grants. */
export function createRelayedTokens(
  clients: ReadonlyMap<string, UpstreamClient>,
  now: () => number,
): RelayedTokens {
  const flights = new Map<string, Promise<VersionedToken>>()
  const shared = new Map<string, VersionedToken>()

  /** One request at a time per key; a failed one does not affect the next. */
  const fly = (key: string, client: UpstreamClient, request: GrantRequest) => {
    const running = flights.get(key)
    if (running) return running
    const flight = client.requestToken(request).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  const share = async (
    key: string,
    client: UpstreamClient,
    request: GrantRequest,
  ): Promise<RelayedToken> => {
    const held = shared.get(key)
    const at = now()
    const isCurrent = () => held?.credentialVersion === client.readCredentialVersion()
    if (held && isHalfLeft(held, at) && isCurrent()) return held
    const flight = fly(key, client, request).then((token) => {
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
      if (grant.shared) return share(JSON.stringify([name, dataset]), client, request)
      if (session === undefined) return client.requestToken(request)
      return fly(JSON.stringify([name, dataset, session]), client, request)
    },
    listRefusing: () => [...clients].filter(([, { isRefused }]) => isRefused).map(([name]) => name),
    reload: async () => {
      await Promise.all([...clients.values()].map((client) => client.reload()))
    },
  }
}
