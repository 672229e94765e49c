import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isRecord } from '@tilepass/guard/broker'
import { ConfigError } from '../settings/config-error.ts'
import type { UpstreamKind } from '../upstreams/kind.ts'
import { findUpstreamKind, UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { resolveSecretFile } from '../upstreams/secret-source.ts'
import { findJsonFault } from './json-fault.ts'

/**
 * Reads settings from a JSON file; relative paths in it start at its folder.
 *
 * @throws {@link ConfigError}
 */
export function readConfigFile(
  file: string,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): Record<string, unknown> {
  let text = ''
  let value: unknown
  try {
    text = readFileSync(file, 'utf8')
    value = JSON.parse(text)
  } catch (error) {
    throw new ConfigError([
      `--config: must be a readable JSON file; ${describeFailure(error, text)} (given: "${file}")`,
    ])
  }
  if (!isRecord(value))
    throw new ConfigError([`--config: must contain a JSON object (given: "${file}")`])
  const folder = dirname(resolve(file))
  return resolvePaths(value, (path) => resolve(folder, path), kinds)
}

/** Only the place of the mistake: the message of JSON.parse quotes the file, which may hold a secret. */
function describeFailure(error: unknown, text: string): string {
  if (!(error instanceof SyntaxError)) return error instanceof Error ? error.message : String(error)
  const { line, column } = findJsonFault(text) ?? { line: 1, column: 1 }
  return `its JSON is invalid or incomplete from line ${line}, column ${column}`
}

type Resolve = (path: string) => string

function resolvePaths(
  settings: Record<string, unknown>,
  toAbsolute: Resolve,
  kinds: readonly UpstreamKind[],
): Record<string, unknown> {
  const resolved = resolveMember(settings, 'data', toAbsolute)
  if ('secretKey' in settings)
    resolved.secretKey = resolveSecretFile(settings.secretKey, toAbsolute)
  if (Object.hasOwn(settings, 'databaseUrl'))
    resolved.databaseUrl = resolveSecretFile(settings.databaseUrl, toAbsolute)
  if (isRecord(settings.geog)) resolved.geog = resolveMember(settings.geog, 'places', toAbsolute)
  for (const field of ['tilesets', 'datasets'])
    if (isRecord(settings[field]))
      resolved[field] = mapRecords(settings[field], (entry) =>
        resolveMember(entry, 'path', toAbsolute),
      )
  if (isRecord(settings.upstreams))
    resolved.upstreams = mapRecords(settings.upstreams, (upstream) =>
      resolveSecretFiles(upstream, toAbsolute, kinds),
    )
  return resolved
}

function resolveMember(
  record: Readonly<Record<string, unknown>>,
  member: string,
  toAbsolute: Resolve,
): Record<string, unknown> {
  const path = record[member]
  return typeof path === 'string' && path
    ? { ...record, [member]: toAbsolute(path) }
    : { ...record }
}

function resolveSecretFiles(
  upstream: Readonly<Record<string, unknown>>,
  toAbsolute: Resolve,
  kinds: readonly UpstreamKind[],
): Record<string, unknown> {
  const resolved = { ...upstream }
  for (const field of Object.keys(findUpstreamKind(upstream, kinds)?.secrets ?? {}))
    if (Object.hasOwn(upstream, field))
      resolved[field] = resolveSecretFile(upstream[field], toAbsolute)
  return resolved
}

function mapRecords(
  records: Readonly<Record<string, unknown>>,
  change: (record: Readonly<Record<string, unknown>>) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(records).map(([key, value]) => [key, isRecord(value) ? change(value) : value]),
  )
}
