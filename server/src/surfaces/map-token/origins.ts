import type { Request } from 'express'
import type { NamedGrant } from '../../issuer/grants.ts'

/**
 * May a page of this request's origin use the grant? A grant that names no origins is for pages of
 * the broker's own host and for clients that are no pages (no `Origin`).
 *
 * @param ownOrigin Origin of the public URL, where it is known.
 */
export function isOriginAllowed(
  request: Request,
  grant: NamedGrant,
  ownOrigin: string | undefined,
): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return true
  if (isOwnOrigin(origin, host, ownOrigin)) return true
  return grant.origins?.some((allowed) => allowed === '*' || allowed === origin) ?? false
}

// Behind a proxy that ends TLS the scheme is not ours to know, so hosts are compared.
function isOwnOrigin(origin: string, host: string | undefined, ownOrigin: string | undefined) {
  if (origin === ownOrigin) return true
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase()
}
