import type { Logger } from 'pino'
import { Agent } from 'undici'
import { ConfigError } from '../settings/config-error.ts'
import { createExchanger, type Exchanger } from './exchanger.ts'
import { createGeogUpstream, GEOG_MAX_SECONDS } from './geog.ts'
import { createGeoLensUpstream, getCredential } from './geolens.ts'
import { createLoginUpstream } from './login.ts'
import { createMapboxUpstream, MAPBOX_MAX_SECONDS } from './mapbox.ts'
import { findMissingSecrets } from './missing-secrets.ts'
import { createOauthUpstream } from './oauth.ts'
import { createPolicy } from './policy.ts'
import { createSecret, type Secret, type SecretSource, type SecretSurroundings } from './secret.ts'
import type { UpstreamSettings } from './settings.ts'
import type { Upstream } from './upstream.ts'

/** Sockets to one upstream; more requests wait for one. */
const MAX_SOCKETS = 16
/** Seconds that a function of one's own may take. */
const OWN_TIMEOUT_SECONDS = 8

/** What upstreams are opened in. */
export interface UpstreamSurroundings extends SecretSurroundings {
  readonly logger: Logger
}

/** Upstreams that are open. */
export interface OpenUpstreams {
  readonly exchangers: ReadonlyMap<string, Exchanger>
  /** Ends every connection. */
  close(): Promise<void>
}

/**
 * Opens what is configured; nothing is sent yet.
 *
 * @throws {@link ConfigError} naming every secret that is not there.
 */
export function openUpstreams(
  configured: Readonly<Record<string, UpstreamSettings>>,
  surroundings: UpstreamSurroundings,
): OpenUpstreams {
  const { logger, now } = surroundings
  // The policy's deadline ends whatever hangs; nothing is pipelined, nothing inflated.
  const dispatcher = new Agent({ connections: MAX_SOCKETS, connect: { timeout: 5_000 } })
  const exchangers = new Map<string, Exchanger>()
  const faults = findMissingSecrets(configured, surroundings.env)
  if (faults.length > 0) throw new ConfigError(faults)
  for (const [name, settings] of Object.entries(configured)) {
    const seconds = typeof settings === 'function' ? OWN_TIMEOUT_SECONDS : settings.timeoutSeconds
    const policy = createPolicy({ timeout: seconds * 1000 })
    const created = createUpstream(settings, surroundings)
    const maxSeconds = findMaxSeconds(settings)
    const parts = { name, maxSeconds, ...created, policy, dispatcher, logger, now }
    exchangers.set(name, createExchanger(parts))
  }
  return { exchangers, close: () => dispatcher.destroy() }
}

/** Longest life that a kind's API gives; `undefined` where it names none, or checks that itself. */
function findMaxSeconds(settings: UpstreamSettings): number | undefined {
  if (typeof settings === 'function') return
  if (settings.kind === 'geog') return GEOG_MAX_SECONDS
  return settings.kind === 'mapbox' ? MAPBOX_MAX_SECONDS : undefined
}

interface Created {
  readonly upstream: Upstream
  readonly secrets: readonly Secret[]
  readonly credentials: readonly Secret[]
}

function createUpstream(settings: UpstreamSettings, surroundings: SecretSurroundings): Created {
  const secrets: Secret[] = []
  const credentials: Secret[] = []
  if (typeof settings === 'function') return { upstream: settings, secrets, credentials }

  const open = (field: string, source: SecretSource): Secret => {
    const secret = createSecret(source, surroundings)
    secrets.push(secret)
    if (field !== 'username') credentials.push(secret)
    return secret
  }

  const create = (): Upstream => {
    switch (settings.kind) {
      case 'geog':
        return createGeogUpstream(settings.url, open('token', settings.token))
      case 'mapbox':
        return createMapboxUpstream(settings.url, open('token', settings.token), surroundings.now)
      case 'geolens': {
        const { field, source } = getCredential(settings)
        return createGeoLensUpstream(settings.url, open(field, source), field)
      }
      case 'login': {
        const { username } = settings
        return createLoginUpstream(
          settings.url,
          open('username', typeof username === 'string' ? () => username : username),
          open('password', settings.password),
        )
      }
      case 'oauth': {
        const { clientSecret, subjectToken } = settings
        return createOauthUpstream(
          settings,
          clientSecret && open('clientSecret', clientSecret),
          subjectToken && open('subjectToken', subjectToken),
        )
      }
    }
  }
  return { upstream: create(), secrets, credentials }
}
