import type { Verifier } from '@tilepass/guard'
import type { RequestHandler } from 'express'
import { type Logger, pino } from 'pino'
import { namingWhatIsMissing } from '../config/missing.ts'
import { parseBrokerConfig } from '../config/parse.ts'
import type { ConfigInput } from '../config/schema.ts'
import { listClosedGrants } from '../grants/load-grants.ts'
import { createApp } from '../http/app.ts'
import { createErrorHandler } from '../http/error-handler.ts'
import { type Listener, listen } from '../http/listener.ts'
import { settleByFirstRun } from '../issuer/identity.ts'
import { createFailureReporter, createRequestReporter } from '../observe/failures.ts'
import { createProxyWarning } from '../observe/proxy-warning.ts'
import { ConfigError } from '../settings/config-error.ts'
import { formatCommand } from '../settings/format-command.ts'
import { readVersion } from '../settings/version.ts'
import { findSetting } from '../store/settings.ts'
import { renderGeogError } from '../surfaces/error-bodies.ts'
import { openResources } from './open-resources.ts'
import { type Wired, wire } from './wire.ts'

/** Options of {@link createBroker}: the settings of the configuration file, and what only code can give. */
export interface BrokerOptions extends Omit<ConfigInput, 'host' | 'port' | 'logLevel'> {
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
  readonly issuer: string
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
   * Verifies API and access tokens of this broker in this process, revocations included.
   *
   * @throws {@link ConfigError} as `router` does.
   */
  readonly verifier: Verifier
  /**
   * Serves the broker alone, with health checks, security headers and a request log; and `/verify` on
   * its own listener if `verify.port` is set.
   *
   * @param port 0 for a free one.
   * @param host Default `127.0.0.1`.
   */
  listen(port: number, host?: string): Promise<Listening>
  /** Reads the secrets of upstreams again, those from functions included; `SIGHUP` does the same. */
  reload(): Promise<void>
  /** Lets running requests finish (10 s at most), then closes store and tilesets. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Creates a broker on a data folder. The first run creates the keys in it. Several processes may share
 * the folder.
 *
 * @throws {@link ConfigError} naming every fault at once; `StoreUnavailableError`.
 */
export async function createBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { logger = pino({ level: 'silent' }), now = () => Date.now(), ...others } = options
  const { env = process.env, ...settings } = others
  const config = namingWhatIsMissing(() => parseBrokerConfig(settings), settings, env)
  const report = createFailureReporter(logger)
  const createReport = (surface: string) => createRequestReporter(logger, report, surface)
  const resources = await openResources(config, { env, logger, report, now })
  const { store, relayedTokens } = resources
  const publicUrl = { configured: config.publicUrl, current: config.publicUrl }
  const wireFor = (issuerUrl: string) =>
    wire(config, resources, { issuerUrl, publicUrl, createReport, now })
  let wired: Wired | undefined
  let listener: Listener | undefined
  let verifyListener: Listener | undefined
  let closing: Promise<void> | undefined

  const close = async () => {
    await Promise.all([listener?.close(), verifyListener?.close()])
    await resources.close()
    logger.info('the broker has stopped')
  }
  const getWired = (): Wired => {
    if (wired) return wired
    throw new ConfigError([
      'issuer: or "publicUrl" must be set: a mounted broker cannot know its own URL (given: nothing)',
    ])
  }
  const isReady = async () => {
    await findSetting(store, 'issuer')
    return wired !== undefined && closing === undefined
  }
  const listClosed = () => listClosedGrants(store, resources.grants)
  const names = {
    grants: resources.grants.map(({ name }) => name),
    tilesets: [...resources.tilesets.keys()],
  }
  const health = {
    isReady,
    listRefusing: relayedTokens.listRefusing,
    listClosedGrants: async () => (await listClosed()).map(({ name }) => name),
  }
  const onError = createErrorHandler(renderGeogError, createReport('none'))

  try {
    for (const { name: grant, account = '' } of await listClosed())
      logger.warn(
        { grant, account },
        `the account of a grant is disabled, so pages get no token for it: enable it with "${formatCommand('account enable', [account], config.data)}", or name another account`,
      )
    if (resources.issuer !== undefined) wired = wireFor(resources.issuer)
    const { issuer } = resources
    logger.info(
      { version: readVersion(), issuer, data: config.data, ...names },
      'the broker starts',
    )
  } catch (error) {
    await close()
    throw error
  }

  return {
    get router() {
      return getWired().router
    },
    get metadataRouter() {
      return getWired().metadataRouter
    },
    get verifier() {
      return getWired().verifier
    },
    listen: async (port, host = '127.0.0.1') => {
      if (listener) throw new TypeError('the broker is already listening')
      const createHandler = async (url: string) => {
        // A client cannot ask for a wildcard address, and its own name for us is unknown.
        if (!isWildcard(host)) publicUrl.current ??= url
        wired ??= wireFor(await settleByFirstRun(store, url))
        return createApp({
          routes: [
            ...(config.trustProxy.length === 0 ? [createProxyWarning(logger)] : []),
            wired.router,
            wired.unknownPaths,
          ],
          health,
          logger,
          trustProxy: config.trustProxy,
          onError,
        })
      }
      const isBehindProxy = config.trustProxy.length > 0
      listener = await listen(createHandler, port, host, { isBehindProxy })
      const listening = {
        url: listener.url,
        port: listener.port,
        issuer: getWired().issuerUrl,
        ...names,
      }
      logger.info({ ...listening, publicUrl: config.publicUrl }, 'the broker listens')
      const { verifyRouter } = getWired()
      const { port: verifyPort, host: verifyHost = '127.0.0.1' } = config.verify ?? {}
      if (!verifyRouter || verifyPort === undefined) return listening
      verifyListener = await listen(
        async () => createApp({ routes: [verifyRouter], health, logger, trustProxy: [], onError }),
        verifyPort,
        verifyHost,
        // Every connection is the gateway's.
        { isBehindProxy: true },
      )
      return { ...listening, verifyUrl: verifyListener.url }
    },
    reload: relayedTokens.reload,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
