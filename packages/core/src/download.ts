import type { TokenManager } from './token-manager.ts'

/**
 * Lets the browser save a file that needs a token in its URL. It asks with HEAD first, since a link
 * that is answered with an error on another origin takes the whole page there, token in the address.
 *
 * The browser's list of downloads keeps the URL: use a rule with `attach: { query }` and tokens that
 * live for a minute or two.
 *
 * @returns Settles when the browser has taken over; nobody can tell when the file is there.
 * @throws Error with `status` when the server does not answer HEAD with 2xx; TokenError without a token;
 *   TypeError when the rule puts the token in a header, which no link has.
 */
export async function download(
  tokens: Pick<TokenManager, 'fetch' | 'authorize'>,
  url: string,
): Promise<void> {
  const { ok, status } = await tokens.fetch(url, { method: 'HEAD' })
  if (!ok) {
    throw Object.assign(new Error(`The server of the download answered ${status}.`), { status })
  }
  const authorized = await tokens.authorize(url)
  if (authorized && 'Authorization' in authorized.headers) {
    throw new TypeError(
      'A download carries its token only in the query: allow it with "attach: { query }"',
    )
  }
  const link = document.createElement('a')
  link.href = authorized?.url ?? url
  link.rel = 'noreferrer'
  link.download = ''
  link.click()
}
