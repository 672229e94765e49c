import type { AccountPageQuery } from '../../admin/accounts.ts'
import { MAX_PAGE } from '../../admin/page.ts'
import type { TokenPageQuery } from '../../admin/tokens.ts'
import { findParameter, findWholeNumber } from '../../http/query.ts'

/** Reads which page of the tokens a request asks for. @throws `InvalidRequestError` */
export function parseTokensQuery(query: URLSearchParams): TokenPageQuery {
  return { before: findParameter(query, 'before'), limit: parseLimit(query) }
}

/** Reads which page of the accounts a request asks for. @throws `InvalidRequestError` */
export function parseAccountsQuery(query: URLSearchParams): AccountPageQuery {
  return { after: findParameter(query, 'after'), limit: parseLimit(query) }
}

/** The value of the `Link` header for the page that has this query (RFC 8288), relative to the request. */
export function formatNextLink(
  next: Readonly<Record<string, string | number | undefined>>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(next))
    if (value !== undefined) query.set(name, String(value))
  return `<?${query}>; rel="next"`
}

// Clients that know of no pages see as much as one page holds.
function parseLimit(query: URLSearchParams): number {
  return findWholeNumber(query, 'limit', MAX_PAGE) ?? MAX_PAGE
}
