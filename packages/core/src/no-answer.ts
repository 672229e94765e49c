import { findUrl } from './allow-list.ts'
import type { AuthorizedRequest } from './authorize.ts'
import { TokenError } from './errors.ts'
import type { Emitter } from './events.ts'

/** An origin is asked no more often than this (ms). */
const PROBE_INTERVAL = 60_000
/** A probe ends after this long (ms). */
const PROBE_TIMEOUT = 5000
/** Before a probe (ms): what the server serves meanwhile shows that the token is good. */
const PROBE_DELAY = 1000

/** An unanswered request is repeated at renewals that are at least this far apart (ms). */
const REPEAT_INTERVAL = 5000
/** How often a plugin repeats one unanswered request. */
export const MAX_REPEATS = 2

/**
 * When plugins repeat unanswered requests: ask this at each renewal, with whether there are any. Offline, or
 * soon after the last time, the answer is no.
 */
export function createRepeats(): (isWanted: boolean) => boolean {
  let repeatedAt = -REPEAT_INTERVAL
  return (isWanted) => {
    const now = performance.now()
    const repeats = isWanted && navigator.onLine && now - repeatedAt >= REPEAT_INTERVAL
    if (repeats) repeatedAt = now
    return repeats
  }
}

interface Origin {
  probedAt: number
  /** What the last probe found. */
  found?: Promise<string | undefined>
  /** The last token with which it served this page. */
  served?: string | undefined
  hasRejected?: boolean
}

/** Finds out why requests get no answer that the page may read (status 0). */
export interface NoAnswer {
  /** The server answered, and did not refuse the token. */
  served(url: string, token: string | undefined): void
  /**
   * A request got no answer. Once a minute and origin, the server is asked whether it answers at all. If it
   * does, but without CORS headers, that is reported; and as that may hide a refusal, the token is rejected,
   * once, provided that this origin has served nothing with it.
   *
   * @param url As given to `match()`.
   * @returns What was found; undefined for an outage.
   */
  explain(url: string, request: AuthorizedRequest): Promise<string | undefined>
}

export function createNoAnswer(
  { emit }: Pick<Emitter, 'emit'>,
  reject: (token: string) => void,
): NoAnswer {
  const origins = new Map<string, Origin>()

  function findOrigin(url: string): Origin {
    const { origin } = findUrl(url) as URL
    const known = origins.get(origin) ?? { probedAt: -PROBE_INTERVAL }
    origins.set(origin, known)
    return known
  }

  async function probe(
    url: string,
    { url: target, headers, token }: AuthorizedRequest,
    known: Origin,
  ): Promise<string | undefined> {
    const { origin } = findUrl(url) as URL
    await new Promise((resolve) => setTimeout(resolve, PROBE_DELAY))
    // The answer to this one can be read, unless it is a redirect or lacks CORS headers.
    const answer = await ask(target, { headers, redirect: 'manual' })
    let what = ' redirects to a server'
    if (answer?.type !== 'opaqueredirect') {
      what = ' answers'
      const isHidden = !answer && origin !== globalThis.location?.origin
      // Whoever answers this, but not the first one, does so without CORS headers.
      if (!isHidden || !(await ask(url, { method: 'HEAD', mode: 'no-cors' }))) return undefined
      if (known.served === token) return undefined
      if (!known.hasRejected) reject(token)
      known.hasRejected = true
    }
    const found = `${origin + what} without CORS headers for this page`
    emit('error', new TokenError('ERR_ANSWER_UNREADABLE', `${found}.`))
    return found
  }

  return {
    served(url, token) {
      findOrigin(url).served = token
    },
    async explain(url, request) {
      const known = findOrigin(url)
      const now = performance.now()
      if (globalThis.navigator?.onLine && now - known.probedAt >= PROBE_INTERVAL) {
        known.probedAt = now
        known.found = probe(url, request, known)
      }
      return known.found
    },
  }
}

/** The answer without its body; undefined if there is none. */
async function ask(url: string, init: RequestInit): Promise<Response | undefined> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT)
    const response = await fetch(url, { ...init, cache: 'no-store', signal })
    void response.body?.cancel()
    return response
  } catch {
    return undefined
  }
}
