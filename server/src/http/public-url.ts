import type { Request } from 'express'
import { findHost, isLoopback } from '../settings/url.ts'

/**
 * The URL at which clients reach the broker, for the links in its answers. A broker that listens
 * without a configured URL learns it late, so it is read at each request.
 */
export interface PublicUrl {
  /** As configured. */
  readonly configured: string | undefined
  /** `undefined` if it is unknown. */
  readonly current: string | undefined
}

/**
 * The base of links for this client: the configured URL; else, while nothing is known, a path, which is
 * right under every name; else the name by which the client asked; else the URL of the listener. A
 * configured URL of this machine counts like that of a listener: it is for development.
 *
 * The name by which the client asked is in `Host`, which anyone can choose: it counts only for loopback, as
 * behind a development server, or from a trusted proxy, whose `X-Forwarded-Host` and `X-Forwarded-Proto`
 * come first.
 */
export function toBaseUrl(request: Request, { configured, current }: PublicUrl): string {
  const known = configured === undefined ? undefined : new URL(configured)
  if (configured !== undefined && known && !isLoopback(known.hostname)) return configured
  const { baseUrl } = request
  const isTrusted = isFromTrustedProxy(request)
  const isForwarded = isTrusted && request.headers['x-forwarded-host'] !== undefined
  if (current === undefined && !isForwarded) return baseUrl
  // Express reads the forwarded headers if it trusts the proxy.
  const host = findHost(request.host)
  const counts = host && (isTrusted || isLoopback(host.hostname))
  // The same host: only the configured URL knows that a development server speaks HTTPS.
  if (!counts || host.host === known?.host) return current ?? baseUrl
  const path = known ? known.pathname.replace(/\/$/, '') : baseUrl
  return `${request.secure ? 'https' : 'http'}://${host.host}${path}`
}

function isFromTrustedProxy({ app, socket }: Request): boolean {
  const trusts: unknown = app.get('trust proxy fn')
  return typeof trusts === 'function' && trusts(socket.remoteAddress, 0) === true
}
