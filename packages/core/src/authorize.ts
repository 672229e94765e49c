import type { AccessToken } from './access-token.ts'
import type { ResolvedRule } from './allow-list.ts'

/** A request with its token attached. A new object every time, owned by the caller. */
export interface AuthorizedRequest {
  url: string
  headers: Record<string, string>
  /** The token that it carries, for `reject()` if a server refuses it. */
  token: string
}

/** Attaches a token as the rule says. In a query it replaces a parameter of the same name, and a fragment is dropped. */
export function attachToken(
  url: string,
  { attach }: ResolvedRule,
  { value: token }: Pick<AccessToken, 'value'>,
): AuthorizedRequest {
  if (typeof attach === 'string') {
    return { url, headers: attach === 'header' ? { Authorization: `Bearer ${token}` } : {}, token }
  }
  const { query } = attach
  const [address, given = ''] = url.replace(/#.*/s, '').split(/\?(.*)/s)
  const parameters = given.split('&').filter((part) => part && part.split('=')[0] !== query)
  parameters.push(`${query}=${encodeURIComponent(token)}`)
  return { url: `${address}?${parameters.join('&')}`, headers: {}, token }
}
