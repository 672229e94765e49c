import type { Logger } from 'pino'
import { describeDatabase, locateStore } from '../config/locate-store.ts'
import type { BrokerConfig } from '../config/schema.ts'
import { readSealingKeys } from '../config/sealing-keys.ts'
import { enterDatasets, loadDatasets } from '../datasets/load-datasets.ts'
import type { NamedGrant } from '../grants/grant.ts'
import { loadGrants } from '../grants/load-grants.ts'
import { createRelayedTokens, type RelayedTokens } from '../grants/relayed-tokens.ts'
import { settleIssuer } from '../issuer/identity.ts'
import { type SecretKeys, watchSecretKeys } from '../issuer/secret-keys.ts'
import { type SigningKeys, watchSigningKeys } from '../issuer/signing-keys.ts'
import type { FailureReporter } from '../observe/failures.ts'
import type { Meter } from '../observe/meter.ts'
import { openPlaces, type Places } from '../places/places.ts'
import { collectFaults } from '../settings/config-error.ts'
import { keepAuditWithin } from '../store/audit-retention.ts'
import { openStore, PATIENCE, type Store } from '../store/open.ts'
import { createConnectLog, createQueryLog } from '../store/query-log.ts'
import { createRefusals, type Refusals } from '../store/refusals.ts'
import { keepUsageWithin } from '../store/usage-retention.ts'
import { openTilesets } from '../tiles/open-tilesets.ts'
import type { Tileset } from '../tiles/tileset.ts'
import { type OpenUpstreams, openUpstreams } from '../upstreams/open-upstreams.ts'
import { createUsage, type Usage } from '../usage/usage.ts'
import { seedDemo } from './demo.ts'
import { sealStore } from './seal-store.ts'

/** Everything that a broker opens at its start, and closes at its end. */
export interface Resources {
  readonly store: Store
  /** Where the store is, for the log. */
  readonly place: { readonly data: string } | { readonly database: string }
  /** `undefined` until the first run has settled it. */
  readonly issuer: string | undefined
  readonly usage: Usage
  readonly refusals: Refusals
  readonly tilesets: ReadonlyMap<string, Tileset>
  readonly places: Places | undefined
  /** Those of the start. */
  readonly grants: readonly NamedGrant[]
  readonly upstreams: OpenUpstreams
  readonly relayedTokens: RelayedTokens
  readonly keys: SigningKeys
  /** Signs tokens in Mapbox format. */
  readonly mapboxKeys: SecretKeys
  close(): Promise<void>
}

/** The surroundings of a broker. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly report: FailureReporter
  readonly meter: Meter | undefined
  /** Epoch ms. */
  readonly now: () => number
}

/**
 * Opens what a configuration names. If anything cannot be opened, everything is closed again.
 *
 * @throws `ConfigError` naming every fault of files, accounts and secrets; `StoreUnavailableError`.
 */
export async function openResources(
  config: BrokerConfig,
  { env, logger, report, meter, now }: Surroundings,
): Promise<Resources> {
  const sealingKeys = await readSealingKeys(config.secretKey, env)
  const location = await locateStore(config, env)
  const { databaseUrl } = location
  const store = await openStore(location, {
    patience: PATIENCE.server,
    ...(meter && { log: createQueryLog(meter), onConnectFailure: createConnectLog(meter) }),
  })
  // Before anything reads or makes a key.
  await sealStore(store, { keys: sealingKeys, logger, now })
  const usage = createUsage(store, now, report)
  const refusals = createRefusals(store, report)
  const retentions = [
    keepAuditWithin(store, config.audit, now, report),
    keepUsageWithin(store, config.usage, now, report),
  ]
  let tilesets: ReadonlyMap<string, Tileset> = new Map()
  let upstreams: OpenUpstreams | undefined

  const close = async () => {
    await upstreams?.close()
    await Promise.all([...tilesets.values()].map((tileset) => tileset.close()))
    await Promise.all([usage, refusals, ...retentions].map((part) => part.close()))
    await store.close()
  }

  try {
    if (config.demo) await seedDemo(store, now())
    const { check, throwIfAny } = collectFaults()
    const issuer = await check(() => settleIssuer(store, config))
    const { places: placesFile } = config.geog
    tilesets = (await check(() => openTilesets(config.tilesets))) ?? tilesets
    const places = placesFile ? await check(() => openPlaces(placesFile)) : undefined
    const datasets = (await check(() => loadDatasets(store, config.datasets, config))) ?? []
    const grants = (await check(() => loadGrants(store, config.grants, config))) ?? []
    upstreams = await check(async () =>
      openUpstreams(config.upstreams, { env, now, logger, meter }),
    )
    throwIfAny()
    if (!upstreams) throw new TypeError('upstreams that cannot be opened are a fault')
    await enterDatasets(store, datasets, { place: config, now: now() })
    return {
      store,
      place:
        databaseUrl === undefined
          ? { data: config.data }
          : { database: describeDatabase(databaseUrl) },
      issuer,
      usage,
      refusals,
      tilesets,
      places,
      grants,
      upstreams,
      relayedTokens: createRelayedTokens(upstreams.clients, now),
      keys: await watchSigningKeys(store, now, config.signing.algorithm),
      mapboxKeys: watchSecretKeys(store, 'mapbox', now),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
