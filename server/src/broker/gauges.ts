import type { Logger } from 'pino'
import { countDroppedLines } from '../observe/logger.ts'
import type { Metrics } from '../observe/metrics.ts'
import { readVersion } from '../settings/version.ts'
import { UPSTREAM_STATES } from '../upstreams/client.ts'
import type { Core } from './core.ts'
import type { Resources } from './open-resources.ts'

/** What is read at each scrape. */
export interface GaugesParts {
  readonly resources: Pick<Resources, 'keys' | 'relayedTokens'>
  /** `undefined` until the issuer is known. */
  readonly findCore: () => Core | undefined
  readonly isReady: () => Promise<boolean>
  readonly logger: Logger
  /** Epoch ms. */
  readonly now: () => number
}

/** Adds what is not counted but read: keys, upstreams, revocations, readiness and the log. */
export function addGauges(metrics: Metrics, parts: GaugesParts): void {
  const { resources, findCore, isReady, logger, now } = parts
  const { keys, relayedTokens } = resources

  metrics.addGauges(
    'tilepass_build_info',
    'The version of the broker; its value is always 1.',
    ['version'],
    () => [{ labels: { version: readVersion() }, value: 1 }],
  )
  metrics.addGauge('tilepass_ready', '1 if /readyz answers 200, else 0.', async () =>
    (await isReady()) ? 1 : 0,
  )
  metrics.addGauge(
    'tilepass_signing_key_age_seconds',
    'How long the key that signs has been signing.',
    async () => {
      await keys.refresh()
      return Math.max(0, now() - keys.signsFrom) / 1000
    },
  )
  metrics.addGauge(
    'tilepass_signing_keys',
    'Keys that are published: verifiers must know them.',
    () => keys.jwks.keys.length,
  )
  metrics.addGauges(
    'tilepass_upstream_state',
    'The state of each upstream: 1 for the one that it is in, 0 for the others.',
    ['upstream', 'state'],
    () =>
      [...relayedTokens.readStates()].flatMap(([upstream, current]) =>
        UPSTREAM_STATES.map((state) => ({
          labels: { upstream, state },
          value: state === current ? 1 : 0,
        })),
      ),
  )

  let knownAt = performance.now()
  metrics.addGauge(
    'tilepass_revocation_lag_seconds',
    'What was revoked longer ago than this is refused here, if the store can be read.',
    async () => {
      const at = performance.now()
      const isKnown = await findCore()
        ?.issuer.revocations.list()
        .then(() => true)
        .catch(() => false)
      if (isKnown ?? true) knownAt = at
      return (performance.now() - knownAt) / 1000
    },
  )
  metrics.addGauge(
    'tilepass_revocations',
    'Revocations that are listed for guards; they forget those of tokens that have expired.',
    async () => (await findCore()?.issuer.revocations.list())?.entries.length ?? 0,
  )
  metrics.addCounter(
    'tilepass_log_lines_dropped_total',
    'Lines of the log that were dropped, because nothing read them.',
    () => countDroppedLines(logger),
  )
}
