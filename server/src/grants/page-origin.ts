import { isIP } from 'node:net'
import { findHost, isLoopback } from '../settings/url.ts'

/** The headers of a request that say where its page is from. */
export interface PageHeaders {
  readonly origin?: string | undefined
  readonly host?: string | undefined
  readonly 'sec-fetch-site'?: string | string[] | undefined
}

/**
 * May a page of this origin use the grant? Own pages always may; see {@link isOwnPage}.
 *
 * @param ownOrigin Origin of the URL at which clients reach the broker.
 */
export function isOriginAllowed(
  headers: PageHeaders,
  grant: { readonly origins?: readonly string[] | undefined },
  ownOrigin: string,
): boolean {
  if (isOwnPage(headers, ownOrigin)) return true
  return grant.origins?.some((allowed) => allowed === '*' || allowed === headers.origin) ?? false
}

/**
 * Is this a page of the broker's own origin, or of a development server in front of it? Clients that are
 * not pages count as such: they send no `Origin`.
 *
 * The host that a request names is ours, too, if it is an address or `localhost`. Any other name can be
 * pointed at us (DNS rebinding), so that its pages would be of the same origin as the broker.
 *
 * A development server may replace `Host` by our address. The browser's own `Sec-Fetch-Site` then tells
 * that the page asked its own origin, and a page of a loopback origin was served by this machine. No page
 * can send that header itself.
 */
export function isOwnPage(headers: PageHeaders, ownOrigin: string): boolean {
  const { origin, host = '' } = headers
  if (origin === undefined || origin === ownOrigin) return true
  const page = findPage(origin)
  const asked = findHost(host)
  if (!page || !asked) return false
  // Behind a proxy that ends TLS we cannot know the scheme, so only hosts are compared.
  if (page.host === asked.host) return isFixedName(page.hostname)
  const isOwnHost = isLoopback(asked.hostname) || asked.host === new URL(ownOrigin).host
  return headers['sec-fetch-site'] === 'same-origin' && isLoopback(page.hostname) && isOwnHost
}

/** A page of this machine that names another host of it than its own, as seen by the broker. */
export interface LoopbackMismatch {
  /** Host of the page. */
  readonly page: string
  readonly host: string
}

/** Finds out whether page and host are both of this machine, but differ. */
export function findLoopbackMismatch({ origin, host }: PageHeaders): LoopbackMismatch | undefined {
  const page = findPage(origin ?? '')
  const asked = findHost(host)
  if (!page || !asked || page.host === asked.host) return
  if (!isLoopback(page.hostname) || !isLoopback(asked.hostname)) return
  return { page: page.host, host: asked.host }
}

/** The origin of a web page; an app's own scheme is none. */
function findPage(origin: string): URL | undefined {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined
}

function isFixedName(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
