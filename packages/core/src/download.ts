import type { TokenFetch, TokenManager } from './token-manager.ts'

/** The browser reads a blob URL some time after the click, without saying when (ms). */
const BLOB_LIFETIME = 40_000
/** Media types that a browser shows instead of saving, if another origin does not send "attachment". */
const SHOWN =
  /^(?:text|video|audio|image(?!\/tiff))\/|^application\/(?:pdf|json|xml|\S+\+(?:json|xml))/i

/**
 * Saves a file that needs the token. The page never navigates: an `<a download>` that got a 401 from
 * another origin would replace the map and leave the token in the address bar.
 *
 * With a `query` rule, a request for one byte comes first, with the token renewed if necessary; then a
 * `noreferrer` link is clicked. The browser streams the file, and its list of downloads keeps the URL with
 * the token. Redirects are followed.
 * With a `header` rule, which a link cannot carry, and for files that a browser would show instead of
 * saving, the file is fetched whole and saved as a blob, so it must fit in memory. A URL that `allow` does
 * not cover gets no token. Resolves when saving has begun. One gap remains: the token may be refused between
 * the two requests, so give it a lifetime of a minute or two.
 *
 * @throws An `Error` with the `status` of the answer, unless it is 2xx.
 * @throws {@link TokenError} if there is no token within `waitLimit`.
 */
export async function download(
  tokens: Pick<TokenManager, 'fetch' | 'authorize' | 'match'>,
  url: string,
): Promise<void> {
  if (tokens.match(url)?.attach !== 'header') {
    // Not HEAD: a URL to which a server redirects may be signed for GET only.
    const { headers, url: final, body } = await ask(tokens, url, { Range: 'bytes=0-0' })
    void body?.cancel()
    const isAttachment = /^\s*attachment/i.test(headers.get('content-disposition') ?? '')
    if (
      isAttachment ||
      isSameOrigin(final || url) ||
      !SHOWN.test(headers.get('content-type') ?? '')
    ) {
      click((await tokens.authorize(url))?.url ?? url, '')
      return
    }
  }
  const response = await ask(tokens, url)
  const address = URL.createObjectURL(await response.blob())
  click(address, fileName(response, url))
  setTimeout(() => URL.revokeObjectURL(address), BLOB_LIFETIME)
}

async function ask(tokens: TokenFetch, url: string, headers: Record<string, string> = {}) {
  const response = await tokens.fetch(url, { headers })
  const { ok, status } = response
  // An empty file has no first byte.
  if (ok || (status === 416 && headers.Range)) return response
  void response.body?.cancel()
  throw Object.assign(new Error(`The file server answered ${status}.`), { status })
}

function isSameOrigin(url: string): boolean {
  return new URL(url, document.baseURI).origin === location.origin
}

/** The name in Content-Disposition, if the server exposes that; otherwise the end of the path. */
function fileName({ headers }: Response, url: string): string {
  const named = /filename="?([^";]+)/i.exec(headers.get('content-disposition') ?? '')?.[1]
  return named ?? new URL(url, document.baseURI).pathname.split('/').pop() ?? ''
}

function click(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.rel = 'noreferrer'
  link.click()
}
