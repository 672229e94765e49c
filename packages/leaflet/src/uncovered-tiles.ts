import { findUrl, type Tokens } from '@tilepass/core'

/** Of a layer: a tileset with gaps must not double its requests. */
const MAX_PROBES = 3

/**
 * Finds out whether a server refused an image of a layer that `allow` does not cover, and reports that: an
 * image that fails carries no status. It costs a few requests without a token, one at a time.
 */
export function createUncoveredProbe(tokens: Tokens): (url: string | null) => void {
  let left = MAX_PROBES
  return (url) => {
    const href = url && findUrl(url)?.href
    if (!left || !href?.startsWith('http') || tokens.match(href)) return
    const rest = left - 1
    // It stays so after a refusal, and if there is no answer: offline, or a server without CORS.
    left = 0
    fetch(href, { cache: 'no-store' }).then(
      ({ status, body }) => {
        body?.cancel()
        if (status !== 401 && status !== 403) left = rest
        tokens.reportUncovered(href, status)
      },
      () => {},
    )
  }
}
