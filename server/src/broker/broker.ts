import type { Verifier } from '@tilepass/guard'
import type { RequestHandler } from 'express'
import { type Logger, pino } from 'pino'
import { parseBrokerConfig } from '../config/parse.ts'
import type { ConfigInput } from '../config/schema.ts'
import { enterDatasets, loadDatasets } from '../datasets/load-datasets.ts'
import { loadGrants } from '../grants/load-grants.ts'
import { createRelayedTokens } from '../grants/relayed-tokens.ts'
import { createApp } from '../http/app.ts'
import { createErrorHandler } from '../http/error-handler.ts'
import { type Listener, listen } from '../http/listener.ts'
import { findIssuer, settleIssuer } from '../issuer/identity.ts'
import { loadMapboxKey } from '../issuer/mapbox/key.ts'
import { watchSigningKeys } from '../issuer/signing-keys.ts'
import { createFailureReporter } from '../observe/failures.ts'
import { openPlaces } from '../places/places.ts'
import { ConfigError, collectFaults } from '../settings/config-error.ts'
import { BUSY_TIMEOUT, openStore } from '../store/open.ts'
import { findSetting } from '../store/settings.ts'
import { renderGeogError } from '../surfaces/error-bodies.ts'
import { openTilesets } from '../tiles/open-tilesets.ts'
import type { Tileset } from '../tiles/tileset.ts'
import { type OpenUpstreams, openUpstreams } from '../upstreams/open-upstreams.ts'
import { createUsage } from '../usage/usage.ts'
import { seedDemo } from './demo.ts'
import { type Wired, wire } from './wire.ts'

/** Settings of {@link createBroker}: those of the configuration file, and what only code can give. */
export interface BrokerOptions extends Omit<ConfigInput, 'host' | 'port' | 'logLevel'> {
  /** Where to log; silent by default. */
  readonly logger?: Logger
  /** Epoch ms. */
  readonly now?: () => number
  /** Where `{ env: NAME }` of a secret is looked up; by default the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A token broker. */
export interface Broker {
  /**
   * Every route, for any path of any Express 5 app; a body that the app has parsed is used.
   *
   * @throws {@link ConfigError} while the issuer is unknown: a mounted broker needs `issuer` or
   *   `publicUrl` on its first run.
   */
  readonly router: RequestHandler
  /** Verifies our API and access tokens in this process, revocations included. Throws like `router`. */
  readonly verifier: Verifier
  /**
   * Serves the broker alone, with health checks, security headers and a request log; and `/verify` on
   * the listener that `verify.port` gives it.
   *
   * @param port 0 takes a free one.
   * @param host Default `127.0.0.1`.
   */
  listen(
    port: number,
    host?: string,
  ): Promise<{ readonly url: string; readonly port: number; readonly verifyUrl?: string }>
  /** Reads the secrets of upstreams again, also those that functions give; `SIGHUP` does it. */
  reload(): Promise<void>
  /** Lets running requests end (10 s at most), then closes store and tilesets. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Creates a broker on a data folder, which the first run fills with keys. Several processes may
 * share the folder.
 *
 * @throws {@link ConfigError} naming every fault at once; `StoreUnavailableError`.
 */
export async function createBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { logger = pino({ level: 'silent' }), now = () => Date.now(), ...others } = options
  const { env = process.env, ...settings } = others
  const config = parseBrokerConfig(settings)
  const { data, issuer, publicUrl } = config
  const store = await openStore(data, BUSY_TIMEOUT.server)
  const usage = createUsage(store, now, createFailureReporter(logger))
  let tilesets: ReadonlyMap<string, Tileset> = new Map()
  let upstreams: OpenUpstreams | undefined
  let listener: Listener | undefined
  let verifyListener: Listener | undefined
  let closing: Promise<void> | undefined

  const close = async () => {
    await Promise.all([listener?.close(), verifyListener?.close()])
    await upstreams?.close()
    await Promise.all([...tilesets.values()].map((tileset) => tileset.close()))
    await usage.close()
    await store.close()
  }

  try {
    if (config.demo) await seedDemo(store, now())
    const { check, throwIfAny } = collectFaults()
    const { places: placesFile } = config.geog
    tilesets = (await check(() => openTilesets(config.tilesets))) ?? tilesets
    const places = placesFile ? await check(() => openPlaces(placesFile)) : undefined
    const datasets = (await check(() => loadDatasets(store, config.datasets))) ?? []
    const grants = (await check(() => loadGrants(store, config.grants))) ?? []
    upstreams = await check(async () => openUpstreams(config.upstreams, { env, now, logger }))
    const relayedTokens = createRelayedTokens(upstreams?.clients ?? new Map(), now)
    throwIfAny()
    await enterDatasets(store, datasets, now())
    const keys = await watchSigningKeys(store, now)
    const ownOrigin = publicUrl && new URL(publicUrl).origin
    const mapboxKey = await loadMapboxKey(store)
    const materials = { store, config, mapboxKey, tilesets, places, grants, relayedTokens, keys }
    const parts = { ...materials, usage, logger, now }
    const known = await settleIssuer(store, issuer, publicUrl)
    const stored = await findIssuer(store)
    if (issuer !== undefined && stored !== issuer)
      logger.warn(
        { issuer, stored },
        'the issuer differs from the data folder\'s: tokens of other runs are refused, and "tilepass token create" needs TILEPASS_ISSUER',
      )
    let wired =
      known === undefined ? undefined : wire(parts, { issuer: known, publicUrl, ownOrigin })

    const getWired = (): Wired => {
      if (wired) return wired
      throw new ConfigError([
        'issuer: must be set, or publicUrl, because a mounted broker cannot know its own URL (given: nothing)',
      ])
    }
    const isReady = async () => {
      await findSetting(store, 'issuer')
      return wired !== undefined && closing === undefined
    }
    const health = { isReady, findRefused: relayedTokens.listRefusing }
    const onError = createErrorHandler(renderGeogError, createFailureReporter(logger))

    return {
      get router() {
        return getWired().router
      },
      get verifier() {
        return getWired().verifier
      },
      listen: async (port, host = '127.0.0.1') => {
        if (listener) throw new TypeError('the broker is listening already')
        listener = await listen(
          async (url) => {
            const place = await settleIssuer(store, issuer, publicUrl ?? url)
            // Clients of a wildcard address reach us under names that we cannot know.
            const reached = publicUrl ?? (isWildcard(host) ? undefined : url)
            wired = wire(parts, { issuer: place ?? url, publicUrl: reached, ownOrigin })
            const { trustProxy } = config
            return createApp({ routes: wired.router, logger, health, trustProxy, onError })
          },
          port,
          host,
        )
        const listening = { url: listener.url, port: listener.port }
        const { verifyRouter } = getWired()
        const { port: verifyPort, host: verifyHost = '127.0.0.1' } = config.verify ?? {}
        if (!verifyRouter || verifyPort === undefined) return listening
        verifyListener = await listen(
          async () => createApp({ routes: verifyRouter, logger, health, trustProxy: [], onError }),
          verifyPort,
          verifyHost,
        )
        return { ...listening, verifyUrl: verifyListener.url }
      },
      reload: relayedTokens.reload,
      close: () => {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
