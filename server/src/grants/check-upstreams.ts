import type { GrantRequest, UpstreamClient } from '../upstreams/client.ts'
import { UpstreamError } from '../upstreams/errors.ts'
import type { NamedRelayedGrant } from './relayed-grant.ts'

/** Result of one request to an upstream; never the token. */
export interface CheckResult {
  readonly upstream: string
  /** `undefined` for an upstream that no grant uses. */
  readonly grant: string | undefined
  readonly dataset: string | undefined
  readonly isGood: boolean
  /** Why there was no token. */
  readonly reason: string | undefined
  readonly scope: string | undefined
  /** What is left of the token. */
  readonly expiresInSeconds: number | undefined
  /** Duration of the request. */
  readonly milliseconds: number
}

/** What a check uses of a grant. */
export type CheckedGrant = Omit<NamedRelayedGrant, 'owner'>

/**
 * Requests a token for each grant and dataset of each upstream, one after the other, so that the check
 * does not look like an attack. An upstream without a grant is asked too, if its kind allows it.
 *
 * @param now Epoch ms.
 */
export async function checkUpstreams(
  clients: ReadonlyMap<string, UpstreamClient>,
  grants: readonly CheckedGrant[],
  now: () => number,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const [upstream, client] of clients) {
    const used = grants.filter((grant) => grant.upstream === upstream)
    for (const request of used.flatMap(toRequests))
      results.push({ upstream, ...(await tryRequest(client, request, now)) })
    if (used.length === 0 && !client.needsGrant)
      results.push({
        upstream,
        ...(await tryRequest(client, WITHOUT_GRANT, now)),
        grant: undefined,
      })
  }
  return results
}

function toRequests(grant: CheckedGrant): readonly GrantRequest[] {
  const { name, scope, expiresInSeconds, datasets = [undefined] } = grant
  return datasets.map((dataset) => ({ grant: name, scope, expiresInSeconds, dataset }))
}

const WITHOUT_GRANT: GrantRequest = {
  grant: '-',
  scope: undefined,
  expiresInSeconds: undefined,
  dataset: undefined,
}

async function tryRequest(
  client: UpstreamClient,
  request: GrantRequest,
  now: () => number,
): Promise<Omit<CheckResult, 'upstream'>> {
  const { grant, dataset } = request
  const startedAt = now()
  const result = {
    grant,
    dataset,
    reason: undefined,
    scope: undefined,
    expiresInSeconds: undefined,
  }
  try {
    const { scope, expiresAt } = await client.requestToken(request)
    const endedAt = now()
    const expiresInSeconds = Math.floor((expiresAt - endedAt) / 1000)
    return { ...result, isGood: true, scope, expiresInSeconds, milliseconds: endedAt - startedAt }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    const { reason } = error
    return { ...result, isGood: false, reason, milliseconds: now() - startedAt }
  }
}
