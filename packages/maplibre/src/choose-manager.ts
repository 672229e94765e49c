import type { TokenManager } from '@tilepass/core'

/** What the plugin needs of a token manager; a pool has it too. */
export type Tokens = Pick<
  TokenManager,
  'allow' | 'match' | 'authorize' | 'fetch' | 'reject' | 'isAuthFailure' | 'getToken' | 'on'
>

/** @throws TypeError when a prefix is named twice: nobody could tell whose token a URL gets. */
export function checkPrefixes(managers: readonly Tokens[]): void {
  const seen = new Set<string>()
  for (const { allow } of managers) {
    for (const rule of allow) {
      const prefix = typeof rule === 'string' ? rule : rule.prefix
      if (seen.has(prefix)) throw new TypeError(`"allow" names the prefix "${prefix}" twice`)
      seen.add(prefix)
    }
  }
}

/** The manager whose rule covers the URL with the longest prefix. */
export function chooseManager(managers: readonly Tokens[], url: string): Tokens | undefined {
  let best: Tokens | undefined
  let longest = 0
  for (const manager of managers) {
    const length = manager.match(url)?.prefix.length ?? 0
    if (length > longest) {
      best = manager
      longest = length
    }
  }
  return best
}
