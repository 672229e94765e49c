import { type AllowList, findUrl } from './allow-list.ts'
import { TokenError } from './errors.ts'
import type { Emitter } from './events.ts'

/** A style may name any number of hosts; so many are reported. */
const MAX_ORIGINS = 50

/**
 * Reports, once per origin, that a server asked for a token at a URL that no rule covers: a mistyped
 * `allow`, or another name of the same server, is the most common mistake.
 */
export function createUncoveredReport(
  { prefixes }: AllowList,
  { emit }: Pick<Emitter, 'emit'>,
): (url: string, status: number) => void {
  const reported = new Set<string>()
  return (url, status) => {
    const asked = findUrl(url)
    if (!asked?.origin.startsWith('http') || (status !== 401 && status !== 403)) return
    const { origin, pathname } = asked
    if (reported.has(origin) || reported.size >= MAX_ORIGINS) return
    reported.add(origin)
    const [rule] = prefixes()
      .map((prefix) => new URL(prefix))
      .sort((a, b) => likeness(asked, b) - likeness(asked, a)) as [URL]
    const what = differences(asked, rule).join(', ') || 'user name or hidden dots'
    emit(
      'error',
      new TokenError(
        'ERR_URL_NOT_ALLOWED',
        `${origin + pathname} answered ${status}, but "allow" does not cover it. The nearest rule is "${rule}": ${what}.`.replace(
          // Some servers take a key in the path: it must not be printed.
          /([^/]\/)[^/\s"]{20,}/g,
          '$1…',
        ),
        { status },
      ),
    )
  }
}

/** How much a URL has in common with a rule: the site, then other parts, then how the paths begin. */
function likeness(asked: URL, rule: URL): number {
  const { pathname: path } = asked
  let points = site(asked) === site(rule) ? 5 : 0
  for (let at = 0; path[at] && path[at] === rule.pathname[at]; at++) points += 1e-6
  return points - differences(asked, rule).length
}

/** Equal for sibling hosts. */
function site({ hostname }: URL): string {
  return hostname.split('.').slice(-2).join()
}

function differences(asked: URL, rule: URL): string[] {
  const depth = rule.pathname.replace(/\/$/, '').split('/').length
  const parts = ({ protocol: scheme, hostname: host, port, pathname }: URL) => ({
    scheme,
    host,
    port: port || 'default',
    path: pathname.split('/').slice(0, depth).join('/'),
  })
  const given: Record<string, string> = parts(asked)
  return Object.entries(parts(rule)).flatMap(([name, expected]) =>
    given[name] === expected ? [] : `${name} ${given[name]} is not ${expected}`,
  )
}
