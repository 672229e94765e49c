import type { ErrorRequestHandler, RequestHandler, Router } from 'express'
import type { Logger } from 'pino'
import type { BrokerConfig } from '../config/schema.ts'
import { createApp, createMetricsApp } from '../http/app.ts'
import type { Health } from '../http/health.ts'
import { type Listener, listen } from '../http/listener.ts'
import { createRouter } from '../http/router.ts'
import type { Meter } from '../observe/meter.ts'
import { createProxyWarning } from '../observe/proxy-warning.ts'
import { delegateTo } from './delegate.ts'
import type { Wired } from './wire.ts'

/** What {@link openListeners} serves. */
export interface ListenersParts {
  /** Of the listener that pages reach. Port 0 takes a free one. */
  readonly address: { readonly port: number; readonly host: string }
  readonly config: Pick<BrokerConfig, 'trustProxy' | 'verify' | 'metrics'>
  readonly router: RequestHandler
  /** What is wired now. */
  readonly getWired: () => Wired
  readonly metricsRouter: Router | undefined
  readonly health: Health
  readonly logger: Logger
  readonly meter: Meter | undefined
  readonly readTileShare: () => number
  readonly onError: ErrorRequestHandler
  /** Called once the URL is known; requests wait until it resolves. */
  readonly onUrl: (url: string) => Promise<void>
}

/** Every listener of a broker. */
export interface Listeners {
  readonly urls: {
    readonly url: string
    readonly port: number
    readonly verifyUrl?: string
    readonly metricsUrl?: string
  }
  /** Lets running requests end. Metrics are served until the others have ended. */
  close(): Promise<void>
}

/** Listens for Prometheus, for pages and for gateways. If one cannot listen, none does. */
export async function openListeners(parts: ListenersParts): Promise<Listeners> {
  const { address, config, router, getWired, metricsRouter, onError, onUrl, ...others } = parts
  const { trustProxy, verify, metrics } = config
  const findRoute = (path: string) => getWired().findRoute(path)
  const app = { ...others, findRoute, onError }
  const serving: Listener[] = []
  let observing: Listener | undefined
  const close = async () => {
    await Promise.all(serving.map((listener) => listener.close()))
    await observing?.close()
  }

  const servePages = async (url: string) => {
    await onUrl(url)
    const warning = trustProxy.length === 0 ? [createProxyWarning(app.logger)] : []
    const unknownPaths = delegateTo(() => getWired().unknownPaths)
    return createApp({ ...app, trustProxy, routes: [...warning, router, unknownPaths] })
  }
  const serveGateways = async () => {
    const routes = [delegateTo(() => getWired().verifyRouter ?? createRouter())]
    return createApp({ ...app, trustProxy: [], routes })
  }

  try {
    if (metrics && metricsRouter) {
      const metricsApp = createMetricsApp(metricsRouter, onError)
      observing = await listen(async () => metricsApp, metrics.port, metrics.host)
    }
    const isBehindProxy = trustProxy.length > 0
    const main = await listen(servePages, address.port, address.host, { isBehindProxy })
    serving.push(main)
    const { port: gatewayPort, host: gatewayHost } = verify ?? {}
    const gateways =
      gatewayPort === undefined
        ? undefined
        : // Every connection is the gateway's.
          await listen(serveGateways, gatewayPort, gatewayHost ?? '127.0.0.1', {
            isBehindProxy: true,
          })
    if (gateways) serving.push(gateways)
    return {
      urls: {
        url: main.url,
        port: main.port,
        ...(gateways && { verifyUrl: gateways.url }),
        ...(observing && { metricsUrl: observing.url }),
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
