import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { createBudgets, type Verifier } from '@tilepass/guard'
import type { RequestHandler } from 'express'
import { type Logger, pino } from 'pino'
import { namingWhatIsMissing } from '../config/missing.ts'
import { parseBrokerConfig } from '../config/parse.ts'
import type { ConfigInput } from '../config/schema.ts'
import { listClosedGrants } from '../grants/load-grants.ts'
import { createErrorHandler } from '../http/error-handler.ts'
import { createHealthRoutes, type Health, type UnreadyReason } from '../http/health.ts'
import { createMetricsRoute } from '../http/metrics-route.ts'
import { createPipelineLimit } from '../http/pipelining.ts'
import { createRequestObserver } from '../http/request-observer.ts'
import { createRouter } from '../http/router.ts'
import { settleByFirstRun } from '../issuer/identity.ts'
import { createFailureReporter, createRequestReporter } from '../observe/failures.ts'
import { ConfigError } from '../settings/config-error.ts'
import { formatCommand } from '../settings/format-command.ts'
import { readVersion } from '../settings/version.ts'
import { renderGeogError } from '../surfaces/error-bodies.ts'
import { type Core, createCore } from './core.ts'
import { delegateTo } from './delegate.ts'
import { findStoreFault } from './find-store-fault.ts'
import { addGauges } from './gauges.ts'
import { type Listeners, openListeners } from './listeners.ts'
import { openResources } from './open-resources.ts'
import { prepareReload } from './prepare-reload.ts'
import { prepareSealingKeys } from './seal-store.ts'
import { type Wired, type WireOptions, wire } from './wire.ts'

/** Settings of a broker: those of the configuration file, without what belongs to its process. */
export type BrokerSettings = Omit<ConfigInput, 'host' | 'port' | 'logLevel'>

/** Options of {@link createBroker}: its settings, and what only code can give. */
export interface BrokerOptions extends BrokerSettings {
  /** Silent by default. */
  readonly logger?: Logger
  /** Epoch ms. */
  readonly now?: () => number
  /** Where `{ env: NAME }` of a secret is looked up. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Where a broker listens, and what it runs with. */
export interface Listening {
  readonly url: string
  readonly port: number
  /** Base URL of `/verify`, if it has a listener of its own. */
  readonly verifyUrl?: string
  /** The PostgreSQL database, without user and password, if `databaseUrl` is set. */
  readonly database?: string
  /** Base URL of `/metrics`, if `metrics` is set. */
  readonly metricsUrl?: string
  readonly issuer: string
  /** Are the secrets in the store sealed? */
  readonly sealed: boolean
  /** Names of the grants, those of the demo included. */
  readonly grants: readonly string[]
  /** Names of the tilesets. */
  readonly tilesets: readonly string[]
}

/** A token broker. */
export interface Broker {
  /**
   * Every route, for any path of an Express 5 app. A body that the app has parsed is used as it is.
   *
   * @throws {@link ConfigError} while the issuer is unknown: a mounted broker needs `issuer` or
   *   `publicUrl` on its first run.
   */
  readonly router: RequestHandler
  /**
   * The metadata of the OAuth API alone, for the root of an Express 5 app that has mounted `router` at a
   * path: with a path in the issuer, clients look for them at
   * `/.well-known/oauth-authorization-server/PATH` (RFC 8414 §3.1).
   *
   * @throws {@link ConfigError} as `router` does.
   */
  readonly metadataRouter: RequestHandler
  /**
   * `GET /metrics`, for an app that mounts the broker: on a port that only the operator reaches.
   *
   * @throws {@link ConfigError} unless `metrics` is set.
   */
  readonly metricsRouter: RequestHandler
  /**
   * `GET /healthz` and `GET /readyz`, for an app that mounts the broker: where its load balancer asks, and
   * pages do not. `listen()` serves them by itself.
   */
  readonly healthRouter: RequestHandler
  /**
   * Verifies API and access tokens of this broker in this process, revocations included.
   *
   * @throws {@link ConfigError} as `router` does.
   */
  readonly verifier: Verifier
  /**
   * Serves the broker alone, with health checks, security headers and a request log; `/verify` on its own
   * listener if `verify.port` is set, and `/metrics` on its own if `metrics` is.
   *
   * @param port 0 for a free one.
   * @param host Default `127.0.0.1`.
   */
  listen(port: number, host?: string): Promise<Listening>
  /**
   * Reads the secrets of upstreams and the keys that seal the store again, those from functions included.
   * With settings, checks all of them and then replaces grants, upstreams, limits, `logTiles` and
   * `drainSeconds`. Requests that are under way end with the old ones.
   *
   * @returns Names of the settings that have changed, but count only after a restart.
   * @throws {@link ConfigError} naming every fault at once; then nothing has changed.
   */
  reload(settings?: BrokerSettings): Promise<readonly string[]>
  /**
   * Is no longer ready for `drainSeconds`, lets running requests finish (10 s at most), then closes store
   * and tilesets. Safe to call twice.
   */
  close(): Promise<void>
}

/**
 * Creates a broker on a data folder or a database. The first run creates the keys in it. Several processes
 * may share a folder, replicas a database.
 *
 * @throws {@link ConfigError} naming every fault at once; `StoreUnavailableError`.
 */
export async function createBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { logger = pino({ level: 'silent' }), now = () => Date.now(), ...others } = options
  const { env = process.env, ...settings } = others
  const parse = (given: BrokerSettings) =>
    namingWhatIsMissing(() => parseBrokerConfig(given), given, env)
  let config = parse(settings)
  // Imported here, because most brokers have no metrics.
  const metrics = config.metrics && (await import('../observe/metrics.ts')).createMetrics()
  const meter = metrics?.meter
  const report = createFailureReporter(logger)
  const createReport = (surface: string) => createRequestReporter(logger, report, surface, meter)
  const resources = await openResources(config, { env, logger, report, meter, now })
  const { store, relayedTokens, upstreams } = resources
  const publicUrl = { configured: config.publicUrl, current: config.publicUrl }
  let { grants } = resources
  let budgets = createBudgets({ ...config.budgets, now })
  let core: Core | undefined
  let wired: Wired | undefined
  let listeners: Listeners | undefined
  let reloading: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | undefined

  const wireWith = (known: Core, live: Pick<WireOptions, 'config' | 'grants' | 'budgets'>) =>
    wire({ ...live, resources, core: known, publicUrl, createReport })
  const start = (issuerUrl: string) => {
    core = createCore(resources, { issuerUrl, readConfig: () => config, meter, now })
    wired = wireWith(core, { config, grants, budgets })
  }
  /** @param part What there is once the issuer is known. */
  const requireIssuer = <Part>(part: Part | undefined): Part => {
    if (part) return part
    throw new ConfigError([
      'issuer: or "publicUrl" must be set: a mounted broker cannot know its own URL (given: nothing)',
    ])
  }
  const getWired = () => requireIssuer(wired)

  const listReasons = async (): Promise<readonly UnreadyReason[]> => {
    if (closing) return ['draining']
    if (!wired) return ['starting']
    const fault = await findStoreFault(store)
    return fault === undefined ? [] : [fault]
  }
  const listClosed = () => listClosedGrants(store, grants)
  const sealed = store.sealing.keyIds.length > 0
  /** The ids of the keys that seal the store, as `doctor` and messages name them; the first one seals. */
  const listSealing = () => ({ sealed, secretKeyIds: store.sealing.keyIds })
  const listNames = () => ({
    grants: grants.map(({ name }) => name),
    tilesets: [...resources.tilesets.keys()],
  })
  const health: Health = {
    listReasons,
    listRefusing: relayedTokens.listRefusing,
    listClosedGrants: async () => (await listClosed()).map(({ name }) => name),
  }
  if (metrics) {
    const isReady = async () => (await listReasons()).length === 0
    addGauges(metrics, { resources, findCore: () => core, isReady, logger, now })
  }
  const metricsRouter = metrics && createMetricsRoute(metrics)
  const router = createRouter()
  router.use(createRequestObserver((path) => getWired().findRoute(path), meter))
  // Also for an app that mounts the broker on a server of its own.
  router.use(createPipelineLimit())
  router.use(delegateTo(() => getWired().router))
  const metadataRouter = delegateTo(() => getWired().metadataRouter)

  const close = async () => {
    if (listeners && config.drainSeconds > 0) {
      logger.info({ seconds: config.drainSeconds }, 'the broker drains')
      await wait(config.drainSeconds * 1000)
    }
    await listeners?.close()
    await reloading
    await resources.close()
    logger.info('the broker has stopped')
  }

  const replace = async (given: BrokerSettings): Promise<readonly string[]> => {
    const next = await prepareReload(config, parse(given), resources, env)
    const keepsBudgets = isDeepStrictEqual(next.config.budgets, config.budgets)
    const live = {
      config: next.config,
      grants: next.grants,
      budgets: keepsBudgets ? budgets : createBudgets({ ...next.config.budgets, now }),
    }
    const nextWired = core && wireWith(core, live)
    // Everything is checked; from here on nothing fails, and no request comes in between.
    next.putUpstreams()
    next.putSealingKeys()
    config = live.config
    grants = live.grants
    budgets = live.budgets
    wired = nextWired
    const names = { ...listNames(), upstreams: [...upstreams.clients.keys()] }
    logger.info({ ...listSealing(), ...names }, 'the configuration was reloaded')
    const { needRestart } = next
    if (needRestart.length > 0)
      logger.warn({ settings: needRestart }, 'these settings have changed, but need a restart')
    return needRestart
  }

  try {
    for (const { name: grant, account = '' } of await listClosed())
      logger.warn(
        { grant, account },
        `the account of a grant is disabled, so pages get no token for it: enable it with "${formatCommand('account enable', [account], config)}", or name another account`,
      )
    const { issuer } = resources
    if (issuer !== undefined) start(issuer)
    logger.info(
      { version: readVersion(), issuer, ...resources.place, ...listSealing(), ...listNames() },
      'the broker starts',
    )
  } catch (error) {
    await close()
    throw error
  }

  return {
    get router() {
      getWired()
      return router
    },
    get metadataRouter() {
      getWired()
      return metadataRouter
    },
    get metricsRouter() {
      if (metricsRouter) return metricsRouter
      throw new ConfigError(['metrics: must be set, as in {} (given: nothing)'])
    },
    healthRouter: createHealthRoutes(health),
    get verifier() {
      return requireIssuer(core).verifier
    },
    listen: async (port, host = '127.0.0.1') => {
      if (listeners) throw new TypeError('the broker is already listening')
      const opened = await openListeners({
        address: { port, host },
        config,
        router,
        getWired,
        metricsRouter,
        health,
        logger,
        meter,
        readTileShare: () => config.logTiles,
        onError: createErrorHandler(renderGeogError, createReport('none')),
        onUrl: async (url) => {
          // A client cannot ask for a wildcard address, and its own name for us is unknown.
          if (!isWildcard(host)) publicUrl.current ??= url
          if (!wired) start(await settleByFirstRun(store, url))
        },
      })
      listeners = opened
      const { place } = resources
      const database = 'database' in place ? { database: place.database } : {}
      const listening = {
        ...opened.urls,
        ...database,
        issuer: requireIssuer(core).issuer.url,
        sealed,
        ...listNames(),
      }
      logger.info({ ...listening, publicUrl: config.publicUrl }, 'the broker listens')
      return listening
    },
    reload: async (given) => {
      const run = reloading.then(async () => {
        if (given === undefined) {
          const putSealingKeys = await prepareSealingKeys(store, config, env)
          putSealingKeys()
          logger.info(listSealing(), 'the secrets were read again')
        }
        const needRestart = given === undefined ? [] : await replace(given)
        await relayedTokens.reload()
        return needRestart
      })
      reloading = run.catch(() => undefined)
      return run
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
