import { existsSync } from 'node:fs'
import { isRecord } from '@tilepass/guard/broker'
import type { UpstreamKind } from './kind.ts'
import { findUpstreamKind, UPSTREAM_KINDS } from './kinds.ts'
import {
  describeSource,
  hasSecret,
  type SecretSource,
  type SecretSurroundings,
  secretSchema,
} from './secret-source.ts'

/**
 * Lists the secrets that are missing, one fault for each. Upstreams with invalid settings are left out:
 * their own faults come first.
 *
 * @param upstreams `upstreams` of a configuration, which may be invalid.
 */
export function listMissingSecrets(
  upstreams: unknown,
  env: SecretSurroundings['env'],
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): readonly string[] {
  const entries = isRecord(upstreams) ? Object.entries(upstreams) : []
  return entries.flatMap(([name, input]) => {
    const kind = findUpstreamKind(input, kinds)
    const settings: unknown = kind?.schema.safeParse(input).data
    if (!kind || !isRecord(settings)) return []
    return Object.keys(kind.secrets).flatMap((field) => {
      // A user name may also be given itself.
      const { data: source } = secretSchema.safeParse(settings[field])
      return source === undefined || hasSecret(source, env)
        ? []
        : [
            `upstreams.${name}.${field}: must refer to a secret of one line (given: ${describeMissing(source)})`,
          ]
    })
  })
}

function describeMissing(source: SecretSource): string {
  return typeof source === 'object' && 'file' in source && !existsSync(source.file)
    ? 'a file that does not exist; a relative path starts at the folder of the configuration'
    : `${describeSource(source)} without one`
}
