import type { AllowRule, TokenManager } from '@tilepass/core'

/** What the plugin needs of a token manager; a pool has it too. */
export type Tokens = Pick<
  TokenManager,
  'allow' | 'match' | 'authorize' | 'fetch' | 'reject' | 'isAuthFailure' | 'getToken' | 'on'
>

const prefixOf = (rule: AllowRule) => (typeof rule === 'string' ? rule : rule.prefix)

/** @throws TypeError when two managers claim the same prefix: nobody could tell whose token a URL gets. */
export function checkPrefixes(managers: readonly Tokens[]): void {
  const owners = new Map<string, Tokens>()
  for (const manager of managers) {
    for (const prefix of manager.allow.map(prefixOf)) {
      const owner = owners.get(prefix)
      if (owner && owner !== manager) {
        throw new TypeError(
          `two token managers allow the prefix "${prefix}"; give each a path of its own`,
        )
      }
      owners.set(prefix, manager)
    }
  }
}

/** The manager whose rule covers the URL with the longest prefix. */
export function chooseManager(managers: readonly Tokens[], url: string): Tokens | undefined {
  let best: { manager: Tokens; length: number } | undefined
  for (const manager of managers) {
    const length = manager.match(url)?.prefix.length ?? 0
    if (length > (best?.length ?? 0)) best = { manager, length }
  }
  return best?.manager
}
