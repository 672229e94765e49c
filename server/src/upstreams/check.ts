import { UpstreamError } from './errors.ts'
import type { Exchanger } from './exchanger.ts'
import type { NamedRelayedGrant } from './grant.ts'

/** What one try of an upstream came to; never the token. */
export interface CheckResult {
  readonly upstream: string
  readonly grant: string
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
 * @param now Epoch ms.
 */
export async function checkUpstreams(
  exchangers: ReadonlyMap<string, Exchanger>,
  grants: readonly CheckedGrant[],
  now: () => number,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const [upstream, exchanger] of exchangers)
    for (const grant of grants.filter((one) => one.upstream === upstream))
      for (const dataset of grant.datasets ?? [undefined]) {
        const startedAt = now()
        const asked = { upstream, grant: grant.name, dataset }
        const { name, scope, expiresInSeconds } = grant
        const result = await exchanger
          .exchange({ grant: name, scope, expiresInSeconds, dataset })
          .then(
            ({ token }) => ({
              isGood: true,
              reason: undefined,
              scope: token.scope,
              expiresInSeconds: Math.floor((token.expiresAt - now()) / 1000),
            }),
            (error: unknown) => {
              if (!(error instanceof UpstreamError)) throw error
              const { reason } = error
              return { isGood: false, reason, scope: undefined, expiresInSeconds: undefined }
            },
          )
        results.push({ ...asked, ...result, milliseconds: now() - startedAt })
      }
  return results
}
