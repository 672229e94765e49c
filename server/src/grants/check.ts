import { UpstreamError } from '../upstreams/errors.ts'
import type { Exchanger, Wanted } from '../upstreams/exchanger.ts'
import type { NamedRelayedGrant } from './relayed-grant.ts'

/** What one try of an upstream came to; never the token. */
export interface CheckResult {
  readonly upstream: string
  /** `undefined` for an upstream that no grant uses. */
  readonly grant: string | undefined
  readonly dataset: string | undefined
  readonly isGood: boolean
  /** Why not. */
  readonly reason: string | undefined
  readonly scope: string | undefined
  /** What is left of the token. */
  readonly expiresInSeconds: number | undefined
  /** How long it took. */
  readonly milliseconds: number
}

/** A grant with its name, which is all that a check needs. */
export type CheckedGrant = Omit<NamedRelayedGrant, 'owner'>

/**
 * Asks each upstream for a token of each of its grants and datasets, one after the other: what an
 * operator tries should not look like an attack.
 *
 * @param alone Upstreams that need no grant to be asked.
 * @param now Epoch ms.
 */
export async function checkUpstreams(
  exchangers: ReadonlyMap<string, Exchanger>,
  grants: readonly CheckedGrant[],
  alone: ReadonlySet<string>,
  now: () => number,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const [upstream, exchanger] of exchangers) {
    const own = grants.filter((grant) => grant.upstream === upstream)
    if (own.length === 0 && alone.has(upstream)) {
      const result = await tryExchange(exchanger, NOTHING, now)
      results.push({ upstream, ...result, grant: undefined })
    }
    for (const { name, scope, expiresInSeconds, datasets = [undefined] } of own)
      for (const dataset of datasets) {
        const wanted = { grant: name, scope, expiresInSeconds, dataset }
        results.push({ upstream, ...(await tryExchange(exchanger, wanted, now)) })
      }
  }
  return results
}

/** What an upstream is asked for without a grant. */
const NOTHING: Wanted = {
  grant: '-',
  scope: undefined,
  expiresInSeconds: undefined,
  dataset: undefined,
}

async function tryExchange(
  exchanger: Exchanger,
  wanted: Wanted,
  now: () => number,
): Promise<Omit<CheckResult, 'upstream'>> {
  const { grant, dataset } = wanted
  const startedAt = now()
  try {
    const { token } = await exchanger.exchange(wanted)
    const milliseconds = now() - startedAt
    const expiresInSeconds = Math.floor((token.expiresAt - now()) / 1000)
    const { scope } = token
    return {
      grant,
      dataset,
      isGood: true,
      reason: undefined,
      scope,
      expiresInSeconds,
      milliseconds,
    }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    const { reason } = error
    const milliseconds = now() - startedAt
    const nothing = { scope: undefined, expiresInSeconds: undefined }
    return { grant, dataset, isGood: false, reason, ...nothing, milliseconds }
  }
}
