import { pino } from 'pino'
import type { Config } from '../config/schema.ts'
import { type CheckResult, checkUpstreams } from '../grants/check-upstreams.ts'
import { openUpstreams } from '../upstreams/open-upstreams.ts'
import type { Surroundings } from './context.ts'

/** What asking the upstreams gave. */
export interface TriedUpstreams {
  readonly results: readonly CheckResult[]
  /** Names of upstreams that no grant uses and that cannot be asked without one. */
  readonly unused: readonly string[]
}

/** Requests a token for each grant from each of these upstreams. The tokens are not shown. */
export async function tryUpstreams(
  { upstreams, grants }: Pick<Config, 'upstreams' | 'grants'>,
  { env, now }: Pick<Surroundings, 'env' | 'now'>,
): Promise<TriedUpstreams> {
  const relayed = Object.entries(grants).flatMap(([name, grant]) =>
    grant.kind === 'relayed' ? [{ ...grant, name }] : [],
  )
  const logger = pino({ level: 'silent' })
  const { clients, close } = openUpstreams(upstreams, { env, now, logger })
  try {
    const results = await checkUpstreams(clients, relayed, now)
    const asked = new Set(results.map(({ upstream }) => upstream))
    return { results, unused: [...clients.keys()].filter((name) => !asked.has(name)) }
  } finally {
    await close()
  }
}
