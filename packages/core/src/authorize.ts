import type { ResolvedRule } from './allow-list.ts'

/** A request with its token attached. A fresh object every time, which the caller owns. */
export interface AuthorizedRequest {
  url: string
  headers: Record<string, string>
  /** The token that it carries, for `reject()` should a server refuse it. */
  token: string
}

/** Attaches a token as the rule says; a parameter of that name that the URL had is replaced. */
export function attachToken(
  url: string,
  { attach }: ResolvedRule,
  token: string,
): AuthorizedRequest {
  if (attach === 'header') return { url, headers: { Authorization: `Bearer ${token}` }, token }
  const [, address = '', query = '', fragment = ''] = /^([^?#]*)\??([^#]*)(.*)$/s.exec(url) ?? []
  const kept = query.split('&').filter((part) => part !== '' && part.split('=')[0] !== attach.query)
  const parameters = [...kept, `${attach.query}=${encodeURIComponent(token)}`].join('&')
  return { url: `${address}?${parameters}${fragment}`, headers: {}, token }
}
