import { ConfigError } from '../settings/config-error.ts'
import type { UpstreamKind } from '../upstreams/kind.ts'
import { UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { readConfigFile } from './file.ts'
import { namingWhatIsMissing } from './missing.ts'
import { parseConfig } from './parse.ts'
import type { Config } from './schema.ts'
import { findSecretKeySource } from './sealing-keys.ts'

/** Where settings come from, the strongest first. */
export interface ConfigSources {
  /** Command line flags; flags that were not given are `undefined`. */
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of a JSON file. */
  readonly file?: string | undefined
}

const VARIABLES = {
  data: 'TILEPASS_DATA',
  issuer: 'TILEPASS_ISSUER',
  publicUrl: 'TILEPASS_PUBLIC_URL',
  host: 'TILEPASS_HOST',
  port: 'TILEPASS_PORT',
  logLevel: 'TILEPASS_LOG_LEVEL',
} as const

/** Its value is a secret, so that the settings only refer to it. */
const DATABASE_URL = 'TILEPASS_DATABASE_URL'

/**
 * Reads the file, lets the environment override it and flags override both, and checks the result.
 *
 * @throws `ConfigError` listing every fault.
 */
export function loadConfig(
  { flags, env, file }: ConfigSources,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): Config {
  const settings: Record<string, unknown> = file === undefined ? {} : readConfigFile(file, kinds)
  for (const [field, variable] of Object.entries(VARIABLES)) {
    const value = flags[field] ?? env[variable]
    if (value === undefined || (value === '' && flags[field] === undefined)) continue
    settings[field] = field === 'port' && /^\d+$/.test(value) ? Number(value) : value
  }
  const secretKey = findSecretKeySource(env)
  if (secretKey) settings.secretKey = secretKey
  if (env[DATABASE_URL]) settings.databaseUrl = { env: DATABASE_URL }
  if (flags.data !== undefined && settings.databaseUrl !== undefined)
    throw new ConfigError([
      `--data: must not be given beside the URL of a database (${DATABASE_URL}, or "databaseUrl" in the configuration), which takes the place of the folder (given: "${flags.data}")`,
    ])
  return namingWhatIsMissing(() => parseConfig(settings, kinds), settings, env, kinds)
}
