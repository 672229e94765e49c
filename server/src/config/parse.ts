import type { z } from 'zod'
import { listGrantFaults } from '../grants/upstream-faults.ts'
import { ConfigError } from '../settings/config-error.ts'
import { describeIssues, describeRule } from '../settings/describe-issues.ts'
import type { UpstreamKind } from '../upstreams/kind.ts'
import { UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { redactUpstreamSetting } from '../upstreams/redact-setting.ts'
import { type BrokerConfig, type Config, createBrokerSchema, createConfigSchema } from './schema.ts'

/** Top-level fields that have a better rule than "not a known field". */
const UNKNOWN_FIELDS: ReadonlyMap<string, string> = new Map([
  ['host', 'not an option of createBroker(); pass it to listen()'],
  ['port', 'not an option of createBroker(); pass it to listen()'],
  ['logLevel', 'not an option of createBroker(); set the level of its "logger"'],
  ['database', 'not a known field; the URL of a database is "databaseUrl"'],
  ...['oauth', 'redis', 'signing'].map((field) => [field, 'not supported yet'] as const),
])

/**
 * Checks a configuration and fills in the defaults.
 *
 * @throws {@link ConfigError} listing every fault.
 */
export function parseConfig(
  input: unknown,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): Config {
  return parse(createConfigSchema(kinds), input, kinds)
}

/**
 * Checks the options that `createBroker` shares with the configuration, and fills in the defaults.
 *
 * @throws {@link ConfigError} listing every fault, settings of the listener and the log among them.
 */
export function parseBrokerConfig(
  input: unknown,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): BrokerConfig {
  return parse(createBrokerSchema(kinds), input, kinds)
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  kinds: readonly UpstreamKind[],
): z.output<Schema> {
  const result = schema.safeParse(input, { error: describeRule })
  const options = {
    unknownFields: UNKNOWN_FIELDS,
    redact: (path: readonly PropertyKey[], value: unknown) =>
      // Operators write keys where only their source belongs.
      path[0] === 'secretKey'
        ? 'a value, not shown'
        : (redactDatabaseUrl(path, value) ?? redactUpstreamSetting(path, value, input, kinds)),
  }
  const faults = [
    ...(result.success ? [] : describeIssues(result.error.issues, input, options)),
    ...listGrantFaults(input, kinds),
  ]
  if (result.success && faults.length === 0) return result.data
  throw new ConfigError(faults)
}

/** It has a password, and is easily written where only its source belongs. */
function redactDatabaseUrl(path: readonly PropertyKey[], value: unknown): string | undefined {
  if (path[0] !== 'databaseUrl' || value === undefined || value === null) return
  return typeof value === 'string' ? 'a string, not shown' : 'a value, not shown'
}
