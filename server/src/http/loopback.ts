/** Is this a name or an address of this machine alone? As in `URL.hostname`. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

/** The host of a `Host` header, as a URL without a path; undefined if it is no host. */
export function findHost(header: string | undefined): URL | undefined {
  if (header === undefined || /[^\w.:[\]-]/.test(header)) return
  const url = `http://${header}`
  return URL.canParse(url) ? new URL(url) : undefined
}
