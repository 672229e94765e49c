import { isIP } from 'node:net'
import type { Request } from 'express'

/**
 * May a page of this request's origin use the grant? A grant that names no origins is for pages of
 * the broker's own host and for clients that are no pages (no `Origin`).
 *
 * @param ownOrigin Origin of the configured public URL. Where it is known, another host name counts
 *   as ours only if nobody can point it at us: an address, or `localhost` (DNS rebinding).
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
  // Behind a proxy that ends TLS the scheme is not ours to know, so hosts are compared.
  if (page.host !== host.toLowerCase()) return false
  return ownOrigin === undefined || isFixedName(page.hostname)
}

function isFixedName(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}
