import type { ResolvedRule } from './allow-list.ts'

/** A request with its token attached. A fresh object every time, which the caller owns. */
export interface AuthorizedRequest {
  url: string
  headers: Record<string, string>
  /** The token that it carries, for `reject()` should a server refuse it. */
  token: string
}

/** Attaches a token as the rule says. A parameter of that name that the URL had is replaced; a fragment is dropped. */
export function attachToken(
  url: string,
  { attach }: ResolvedRule,
  token: string,
): AuthorizedRequest {
  if (attach === 'header') return { url, headers: { Authorization: `Bearer ${token}` }, token }
  if (attach === 'cookie') return { url, headers: {}, token }
  const { query } = attach
  const [address, given = ''] = url.replace(/#.*/s, '').split(/\?(.*)/s)
  const parameters = given.split('&').filter((part) => part && part.split('=')[0] !== query)
  parameters.push(`${query}=${encodeURIComponent(token)}`)
  return { url: `${address}?${parameters.join('&')}`, headers: {}, token }
}
