import type { Config } from '../../config/schema.ts'
import type { Surroundings } from '../context.ts'
import { type Finding, fault, ok } from './finding.ts'

/** Requests a token for each grant from each configured upstream. */
export async function checkUpstreams(
  settings: Pick<Config, 'upstreams' | 'grants'>,
  surroundings: Pick<Surroundings, 'env' | 'now'>,
): Promise<readonly Finding[]> {
  if (Object.keys(settings.upstreams).length === 0) return []
  // Imported here, because a broker without upstreams needs no HTTP client.
  const { tryUpstreams } = await import('../try-upstreams.ts')
  const { results } = await tryUpstreams(settings, surroundings)
  return results.map(({ upstream, grant = 'no grant', isGood, reason, expiresInSeconds }) =>
    isGood
      ? ok('upstream', `${upstream}, ${grant}: a token for ${expiresInSeconds} s`)
      : fault(
          'upstream',
          `${upstream}, ${grant}: ${reason}`,
          'Check the credential, and what it may ask for, at the upstream.',
        ),
  )
}
