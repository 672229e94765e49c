/** The URL, if it is http or https and has no credentials, fragment or white space. */
export function findHttpUrl(value: string): URL | undefined {
  if (!URL.canParse(value) || /[#\s]/.test(value)) return
  const url = new URL(value)
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
  return isHttp && !url.username && !url.password ? url : undefined
}

/** What {@link isBaseUrl} requires, in words that follow the name of a field. */
export const BASE_URL_RULE =
  'must be an http(s) URL without credentials, query, fragment or trailing slash'

/**
 * Can paths be appended to this URL? It has no query and does not end with a slash, nor with what the
 * URL parser reads as one or drops: a backslash or a control character.
 */
export function isBaseUrl(value: string): boolean {
  const url = findHttpUrl(value)
  if (!url || /\?|\/$/.test(value)) return false
  const withSlash = `${value}/`
  return URL.canParse(withSlash) && new URL(withSlash).href === `${url.href.replace(/\/$/, '')}/`
}

/** Is this the name or an address of this machine alone? @param hostname As `URL.hostname` has it. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

/** The host of a `Host` header, as a URL without a path; `undefined` if it is no host. */
export function findHost(header: string | undefined): URL | undefined {
  if (header === undefined || /[^\w.:[\]-]/.test(header)) return
  const url = `http://${header}`
  return URL.canParse(url) ? new URL(url) : undefined
}
