import type { TokenUse } from '@tilepass/guard'

/** Most URLs that a token can be restricted to. */
export const MAX_ALLOWED_URLS = 100
const MAX_URL_LENGTH = 2048
const SCHEME = /^https?:\/\//i

/**
 * Can a token be restricted to this URL? It is a host, with or without `http(s)://`, port and path, and
 * without wildcard, credentials, query and fragment.
 */
export function isAllowedUrl(value: string): boolean {
  if (value.length > MAX_URL_LENGTH || /[\s?#@*\\\p{Cc}]/u.test(value)) return false
  if (!SCHEME.test(value) && /^\/|:\/\//.test(value)) return false
  const url = findUrl(SCHEME.test(value) ? value : `http://${value}`)
  return url !== undefined && url.hostname !== '' && !url.hostname.endsWith('.')
}

/**
 * May a token that is restricted to these URLs be used by this page? An empty list allows every page;
 * otherwise a request with neither `Referer` nor `Origin` is refused.
 *
 * Subdomains and paths below an allowed URL match. If both headers are present, both must match, and
 * `Origin`, which has no path, only by its host.
 */
export function isSourceAllowed(
  allowed: readonly string[] = [],
  { referer, origin }: TokenUse,
): boolean {
  if (allowed.length === 0) return true
  const from = origin === 'null' ? undefined : origin
  if (referer === undefined && from === undefined) return false
  const page = referer === undefined ? undefined : findUrl(referer)
  if (referer !== undefined && page === undefined) return false
  const site = from === undefined ? undefined : findUrl(from)
  if (from !== undefined && site === undefined) return false
  // Each by any entry: a style sheet of another allowed site is the referrer of the fonts that it loads.
  const isAllowed = (url: URL | undefined, isPathKnown: boolean) =>
    url === undefined || allowed.some((entry) => matches(entry, url, isPathKnown))
  return isAllowed(page, true) && isAllowed(site, page === undefined)
}

/** Does every page that the second list allows match the first one? Neither list is empty. */
export function coversUrls(held: readonly string[], given: readonly string[]): boolean {
  // An entry without a scheme allows both.
  const pages = given.flatMap((entry) =>
    SCHEME.test(entry) ? [entry] : [`http://${entry}`, `https://${entry}`],
  )
  return pages.every((page) => {
    const url = findUrl(page)
    return url !== undefined && held.some((entry) => matches(entry, url, true))
  })
}

function matches(entry: string, url: URL, isPathKnown: boolean): boolean {
  const hasScheme = SCHEME.test(entry)
  // An entry without a scheme allows both. The scheme of the page makes default ports equal.
  const allowed = findUrl(hasScheme ? entry : `${url.protocol}//${entry}`)
  if (!allowed || allowed.protocol !== url.protocol || allowed.port !== url.port) return false
  if (url.hostname !== allowed.hostname && !url.hostname.endsWith(`.${allowed.hostname}`))
    return false
  const prefix = allowed.pathname.replace(/\/$/, '')
  return !isPathKnown || url.pathname === prefix || url.pathname.startsWith(`${prefix}/`)
}

function findUrl(value: string): URL | undefined {
  if (!URL.canParse(value)) return
  const url = new URL(value)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}
