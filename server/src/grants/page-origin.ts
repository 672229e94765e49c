import { isIP } from 'node:net'

/** The headers of a request that say where its page is from. */
export interface PageHeaders {
  readonly origin?: string | undefined
  readonly host?: string | undefined
}

/**
 * May a page of this origin use the grant? Pages of the broker's own origin always may, and so
 * may clients that are not pages: they send no `Origin`.
 *
 * The host that a request names is ours, too, if it is an address or `localhost`. Any other name can be
 * pointed at us (DNS rebinding), so that its pages would be of the same origin as the broker.
 *
 * @param ownOrigin Origin of the URL at which clients reach the broker.
 */
export function isOriginAllowed(
  { origin, host }: PageHeaders,
  grant: { readonly origins?: readonly string[] | undefined },
  ownOrigin: string,
): boolean {
  if (origin === undefined || origin === ownOrigin) return true
  if (isPageOfAddress(origin, host)) return true
  return grant.origins?.some((allowed) => allowed === '*' || allowed === origin) ?? false
}

function isPageOfAddress(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  // Behind a proxy that ends TLS we cannot know the scheme, so only hosts are compared.
  return page.host === host.toLowerCase() && isFixedName(page.hostname)
}

function isFixedName(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
