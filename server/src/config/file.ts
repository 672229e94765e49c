import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '../settings/config-error.ts'
import { isRecord } from '../settings/is-record.ts'
import { resolveSecretFile } from '../upstreams/secret.ts'

/**
 * Reads settings from a JSON file; paths in it count from its folder.
 *
 * @throws {@link ConfigError}
 */
export function readConfigFile(file: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError([
      `--config: must be a readable JSON file, ${describeFailure(error)} (given: "${file}")`,
    ])
  }
  if (!isRecord(value))
    throw new ConfigError([`--config: must hold a JSON object (given: "${file}")`])
  return resolvePaths(value, dirname(resolve(file)))
}

/** Where it is wrong, and no more: what JSON.parse says quotes the file, which may hold a secret. */
function describeFailure(error: unknown): string {
  if (!(error instanceof SyntaxError)) return error instanceof Error ? error.message : String(error)
  const place = /at position \d+(?: \(line \d+ column \d+\))?$/.exec(error.message)?.[0]
  return place === undefined ? 'its JSON is wrong or ends early' : `its JSON is wrong ${place}`
}

function resolvePaths(settings: Record<string, unknown>, folder: string): Record<string, unknown> {
  const { data, geog } = settings
  const resolved = { ...settings }
  if (typeof data === 'string' && data) resolved.data = resolve(folder, data)
  if (isRecord(geog) && typeof geog.places === 'string' && geog.places)
    resolved.geog = { ...geog, places: resolve(folder, geog.places) }
  for (const field of ['tilesets', 'datasets']) {
    const files = settings[field]
    if (!isRecord(files)) continue
    resolved[field] = mapValues(files, (file) =>
      isRecord(file) && typeof file.path === 'string' && file.path
        ? { ...file, path: resolve(folder, file.path) }
        : file,
    )
  }
  const { upstreams } = settings
  if (isRecord(upstreams))
    resolved.upstreams = mapValues(upstreams, (upstream) =>
      isRecord(upstream)
        ? mapValues(upstream, (setting) =>
            resolveSecretFile(setting, (path) => resolve(folder, path)),
          )
        : upstream,
    )
  return resolved
}

function mapValues(record: Record<string, unknown>, change: (value: unknown) => unknown) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
