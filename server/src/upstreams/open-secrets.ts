import { isRecord } from '@tilepass/guard/broker'
import type { RelayedToken } from './answer.ts'
import { UpstreamInvalidError } from './errors.ts'
import type { ConfiguredUpstream, UpstreamKind } from './kind.ts'
import { createSecret, type Secret } from './secret.ts'
import { type SecretSource, type SecretSurroundings, secretSchema } from './secret-source.ts'

/** All secrets of one upstream. */
export interface UpstreamSecrets {
  /** Readers by setting; settings that were left out have none. */
  readonly bySetting: Readonly<Record<string, Secret>>
  /** Changes when one of the secrets has changed, as far as they were read. */
  readonly version: number
  /**
   * Reads every secret.
   *
   * @throws `UpstreamRefusedError` if one is missing.
   */
  read(): Promise<void>
  /** Reads every secret even if it was read within the last second; missing ones are ignored. */
  reload(): Promise<void>
  /** Reads files that have changed, and returns the version. */
  look(): number
  /**
   * A server, or a proxy in front of it, may echo a request. Its credential must not reach a page.
   *
   * @throws {@link UpstreamInvalidError}
   */
  assertNotEchoed(token: RelayedToken): void
}

/** Opens the secrets that settings refer to; reads none yet. */
export function openSecrets(
  kind: UpstreamKind,
  settings: ConfiguredUpstream,
  surroundings: SecretSurroundings,
): UpstreamSecrets {
  const bySetting: Record<string, Secret> = {}
  const credentials: Secret[] = []
  for (const [setting, role] of Object.entries(kind.secrets)) {
    const source = findSource(isRecord(settings) ? settings[setting] : undefined)
    if (!source) continue
    const secret = createSecret(source, surroundings)
    bySetting[setting] = secret
    if (role === 'credential') credentials.push(secret)
  }
  const all = Object.values(bySetting)
  const sumVersions = () => all.reduce((sum, { version }) => sum + version, 0)

  return {
    bySetting,
    get version() {
      return sumVersions()
    },
    read: async () => {
      await Promise.all(all.map((secret) => secret.read()))
    },
    reload: async () => {
      await Promise.all(all.map((secret) => secret.reload()))
    },
    look: () => {
      for (const secret of all) secret.look()
      return sumVersions()
    },
    assertNotEchoed: ({ token, scope = '' }) => {
      const parts = [token, ...scope.split(' ')]
      // Each part of a JWT is base64, and may contain what HTTP Basic sends.
      const decoded = parts
        .flatMap((part) => part.split('.'))
        .map((part) => Buffer.from(part, 'base64url').toString('utf8'))
      const texts = [...parts, scope, ...decoded]
      if (credentials.some((secret) => texts.some((text) => secret.isIn(text))))
        throw new UpstreamInvalidError('response echoed the credential')
    },
  }
}

/** The source that a setting holds. A setting that allows it may hold the text itself: a user name. */
function findSource(setting: unknown): SecretSource | undefined {
  return typeof setting === 'string' ? () => setting : secretSchema.safeParse(setting).data
}
