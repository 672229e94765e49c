import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Meter } from '../observe/meter.ts'
import { ConfigError } from '../settings/config-error.ts'
import { createUpstreamClient, type UpstreamClient } from './client.ts'
import { createConnections } from './connections.ts'
import { type ConfiguredUpstream, needsGrant, type UpstreamKind } from './kind.ts'
import { findUpstreamKind, UPSTREAM_KINDS } from './kinds.ts'
import { listMissingSecrets } from './missing-secrets.ts'
import { openSecrets } from './open-secrets.ts'
import { createPolicy } from './policy.ts'
import type { SecretSurroundings } from './secret-source.ts'
import { DEFAULT_TIMEOUT_SECONDS } from './timeout.ts'

/** What upstreams are opened with. */
export interface UpstreamSurroundings extends SecretSurroundings {
  readonly logger: Logger
  readonly meter?: Meter | undefined
}

/** Upstreams that are open. */
export interface OpenUpstreams {
  /** By the name of the upstream; the same map also after a change. */
  readonly clients: ReadonlyMap<string, UpstreamClient>
  /**
   * Checks other settings in place of these. Nothing changes before the result is called, which puts them
   * in place; upstreams whose settings are the same stay as they are.
   *
   * @throws {@link ConfigError} naming every secret that is missing.
   */
  prepare(configured: Readonly<Record<string, ConfiguredUpstream>>): () => void
  /** Ends every connection. */
  close(): Promise<void>
}

/**
 * Opens the configured upstreams; sends nothing yet.
 *
 * @param configured Output of the upstream schema for the same kinds.
 * @throws {@link ConfigError} naming every secret that is missing.
 */
export function openUpstreams(
  configured: Readonly<Record<string, ConfiguredUpstream>>,
  surroundings: UpstreamSurroundings,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): OpenUpstreams {
  const { env, logger, meter, now } = surroundings
  const connections = createConnections()
  const clients = new Map<string, UpstreamClient>()
  let current: Readonly<Record<string, ConfiguredUpstream>> = {}

  const openClient = (name: string, settings: ConfiguredUpstream): UpstreamClient => {
    const kind = findUpstreamKind(settings, kinds)
    if (!kind) throw new TypeError(`upstream "${name}" has settings that were not checked`)
    const secrets = openSecrets(kind, settings, surroundings)
    const seconds =
      typeof settings === 'function' ? DEFAULT_TIMEOUT_SECONDS : settings.timeoutSeconds
    return createUpstreamClient({
      name,
      upstream: kind.open(settings, secrets.bySetting, now),
      needsGrant: needsGrant(kind),
      maxLifetimeSeconds: kind.maxLifetimeSeconds,
      secrets,
      policy: createPolicy({ timeout: seconds * 1000 }),
      connections,
      logger,
      meter,
      now,
    })
  }

  const prepare = (next: Readonly<Record<string, ConfiguredUpstream>>) => {
    const faults = listMissingSecrets(next, env, kinds)
    if (faults.length > 0) throw new ConfigError(faults)
    const opened = Object.entries(next).map(([name, settings]) => {
      const known = isDeepStrictEqual(settings, current[name]) ? clients.get(name) : undefined
      return [name, known ?? openClient(name, settings)] as const
    })
    if (opened.length > 0) connections.load()
    return () => {
      current = next
      clients.clear()
      for (const [name, client] of opened) clients.set(name, client)
    }
  }

  prepare(configured)()
  return { clients, prepare, close: connections.close }
}
