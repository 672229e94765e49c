import { ConfigError } from '../settings/config-error.ts'
import type { StoreLocation } from '../store/open.ts'
import { createSecret } from '../upstreams/secret.ts'
import { describeSource, type SecretSource } from '../upstreams/secret-source.ts'
import type { BrokerConfig } from './schema.ts'

/** The settings that say where the store is. */
export type StoreSettings = Pick<BrokerConfig, 'data' | 'databaseUrl' | 'databaseConnections'>

/**
 * Reads where the store is.
 *
 * @throws {@link ConfigError} if the URL of the database is missing or is none; it is never quoted.
 */
export async function locateStore(
  { data, databaseUrl: source, databaseConnections: poolSize }: StoreSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StoreLocation> {
  if (source === undefined) return { data }
  const databaseUrl = await readUrl(source, env)
  if (databaseUrl === undefined || !isDatabaseUrl(databaseUrl))
    throw new ConfigError([
      `databaseUrl: must refer to a URL such as "postgres://user:password@host/database" (given: ${describeSource(source)} without one)`,
    ])
  return { data, databaseUrl, poolSize }
}

/** Is this the URL of a PostgreSQL database? */
export function isDatabaseUrl(text: string): boolean {
  return URL.canParse(text) && /^postgres(?:ql)?:\/\//.test(text)
}

/** The URL of a database as it may be shown: without user, password and parameters. */
export function describeDatabase(databaseUrl: string): string {
  const { protocol, host, pathname } = new URL(databaseUrl)
  return `${protocol}//${host}${pathname}`
}

async function readUrl(
  source: SecretSource,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    return await createSecret(source, { env, now: () => 0 }).read()
  } catch {
    // The source has no secret, which the caller says.
    return
  }
}
