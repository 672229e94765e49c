/**
 * Reads path and query from the URL of a request, as they are written there. Empty if the URL has no path,
 * which no tile rule matches.
 *
 * Never from a parsed URL: some runtimes hand on what a client sent, and a handler may read that text
 * itself. What a parser would change in the path is refused by the rules for canonical paths.
 */
export function readTarget(url: string): string {
  return /^[a-z]+:\/\/[^/?#\\]*(\/[^#]*)/i.exec(url)?.[1] ?? ''
}
