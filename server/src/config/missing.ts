import { existsSync } from 'node:fs'
import { isRecord } from '@tilepass/guard/broker'
import { ConfigError } from '../settings/config-error.ts'
import type { UpstreamKind } from '../upstreams/kind.ts'
import { UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { listMissingSecrets } from '../upstreams/missing-secrets.ts'

/**
 * Runs a check of a configuration. If it finds faults, the files and secrets that are missing are named
 * with them: they are opened later, which an invalid configuration never reaches.
 *
 * @param input The configuration, which may be invalid.
 * @throws {@link ConfigError} naming all of that.
 */
export function namingWhatIsMissing<T>(
  check: () => T,
  input: unknown,
  env: Readonly<Record<string, string | undefined>>,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof ConfigError) || !isRecord(input)) throw error
    const missing = [...listMissingFiles(input), ...listMissingSecrets(input.upstreams, env, kinds)]
    throw new ConfigError([...error.faults, ...missing])
  }
}

/** Names the files of a configuration, which may be invalid, that do not exist. */
export function listMissingFiles(input: Readonly<Record<string, unknown>>): readonly string[] {
  const { geog, tilesets, datasets } = input
  const places = isRecord(geog) ? [['geog.places', geog.places] as const] : []
  const paths = Object.entries({ tilesets, datasets }).flatMap(([field, entries]) =>
    Object.entries(isRecord(entries) ? entries : {}).map(
      ([name, entry]) =>
        [`${field}.${name}.path`, isRecord(entry) ? entry.path : undefined] as const,
    ),
  )
  return [...places, ...paths].flatMap(([field, path]) =>
    typeof path === 'string' && path !== '' && !existsSync(path)
      ? [`${field}: must be a file that exists (given: "${path}")`]
      : [],
  )
}
