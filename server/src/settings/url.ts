/** The URL, if it is http or https and has no credentials, fragment or white space. */
export function findHttpUrl(value: string): URL | undefined {
  if (!URL.canParse(value) || /[#\s]/.test(value)) return
  const url = new URL(value)
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
  return isHttp && !url.username && !url.password ? url : undefined
}

/** Can paths be appended to this URL? It has no query and does not end with a slash. */
export function isBaseUrl(value: string): boolean {
  return findHttpUrl(value) !== undefined && !/\?|\/$/.test(value)
}
