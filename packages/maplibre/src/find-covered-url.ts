import type { CoveredUrl, ResolvedRule, Tokens } from '@tilepass/core'

/** @throws TypeError if two rules name the same prefix: it would be unclear whose token a URL gets. */
export function assertDistinctPrefixes(managers: readonly Tokens[]): void {
  const prefixes = managers.flatMap(({ allow }) =>
    allow.map((rule) => (rule as ResolvedRule).prefix ?? rule),
  )
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) < index)
  if (twice) throw new TypeError(`"allow" names "${twice}" twice`)
}

/** The URL as covered by the manager whose rule has the longest prefix. */
export function findCoveredUrl(managers: readonly Tokens[], url: string): CoveredUrl | undefined {
  let best: CoveredUrl | undefined
  for (const manager of managers) {
    const covered = manager.match(url)
    if ((covered?.prefix.length ?? 0) > (best?.prefix.length ?? 0)) best = covered
  }
  return best
}
