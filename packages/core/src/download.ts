import type { TokenManager } from './token-manager.ts'

/** A blob URL is read some time after the click, and nothing says when (ms). */
const BLOB_LIFETIME = 40_000
/** What a browser shows instead of saving, when another origin does not say "attachment". */
const SHOWN =
  /^(?:text|video|audio|image(?!\/tiff))\/|^application\/(?:pdf|json|xml|\S+\+(?:json|xml))/i

/**
 * Saves a file that needs the token. The page never navigates: an `<a download>` that met a 401 on
 * another origin would replace the map and leave the token in the address bar.
 *
 * Where the rule says `query`, the server is asked with HEAD first, with the token renewed if need be,
 * and only then a `noreferrer` link is clicked; the browser streams the file, and its list of downloads
 * keeps the URL with the token. Where the rule says `header`, which a link cannot carry, and for what a
 * browser would show rather than save, the file is fetched whole and saved as a blob, so it must fit
 * in memory. A URL that `allow` does not cover gets no token. Resolves when the saving has begun.
 * What remains is a token that is refused only between the two requests: let it live for a minute or two.
 *
 * @throws An `Error` with the `status` of the answer, unless it is 2xx.
 * @throws {@link TokenError} if there is no token within `waitLimit`.
 */
export async function download(
  tokens: Pick<TokenManager, 'fetch' | 'authorize' | 'match'>,
  url: string,
): Promise<void> {
  if (tokens.match(url)?.attach !== 'header') {
    const { headers } = await ask(tokens, url, 'HEAD')
    const isAttachment = /^\s*attachment/i.test(headers.get('content-disposition') ?? '')
    if (isAttachment || isSameOrigin(url) || !SHOWN.test(headers.get('content-type') ?? '')) {
      click((await tokens.authorize(url))?.url ?? url, '')
      return
    }
  }
  const response = await ask(tokens, url, 'GET')
  const address = URL.createObjectURL(await response.blob())
  click(address, fileName(response, url))
  setTimeout(() => URL.revokeObjectURL(address), BLOB_LIFETIME)
}

async function ask(tokens: Pick<TokenManager, 'fetch'>, url: string, method: string) {
  const response = await tokens.fetch(url, { method })
  if (response.ok) return response
  const { status } = response
  void response.body?.cancel()
  throw Object.assign(new Error(`The file's server answered ${status}.`), { status })
}

function isSameOrigin(url: string): boolean {
  return new URL(url, document.baseURI).origin === location.origin
}

/** As the server names it, if it exposes Content-Disposition, else the end of the path. */
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
