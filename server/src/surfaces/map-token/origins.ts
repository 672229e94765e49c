import { isIP } from 'node:net'
import type { Request } from 'express'

/**
 * May a page of this request's origin use the grant? Pages of the broker's own host always may, and so
 * may clients that are not pages: they send no `Origin`.
 *
 * @param ownOrigin Origin of the configured public URL. If it is known, the request's own host only
 *   counts as ours if it is an address or `localhost`, because any other name can be pointed at us (DNS
 *   rebinding).
 */
export function isOriginAllowed(
  request: Request,
  grant: { readonly origins?: readonly string[] | undefined },
  ownOrigin: string | undefined,
): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return true
  if (isOwnOrigin(origin, host, ownOrigin)) return true
  return grant.origins?.some((allowed) => allowed === '*' || allowed === origin) ?? false
}

function isOwnOrigin(origin: string, host: string | undefined, ownOrigin: string | undefined) {
  if (origin === ownOrigin) return true
  if (host === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  // Behind a proxy that ends TLS we cannot know the scheme, so only hosts are compared.
  if (page.host !== host.toLowerCase()) return false
  return ownOrigin === undefined || isFixedName(page.hostname)
}

function isFixedName(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
