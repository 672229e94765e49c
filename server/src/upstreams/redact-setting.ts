import { readPath } from '../settings/describe-issues.ts'
import type { UpstreamKind } from './kind.ts'
import { findUpstreamKind, UPSTREAM_KINDS } from './kinds.ts'

const KIND_NAME = /^[a-z]{1,12}$/

/**
 * Describes the value of an upstream's setting in a fault. Operators write secrets where only the source
 * of a secret belongs, and faults end up in logs: only values that the kind declares as quotable are
 * quoted.
 *
 * @param path Path in the configuration, as in `['upstreams', 'geog', 'url']`.
 * @param config The whole configuration, which may be invalid.
 * @returns `undefined` for a value that may be quoted.
 */
export function redactUpstreamSetting(
  path: readonly PropertyKey[],
  value: unknown,
  config: unknown,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): string | undefined {
  if (path[0] !== 'upstreams') return
  if (typeof value === 'object' && value !== null) return 'an object'
  const setting = path.length === 3 ? String(path[2]) : undefined
  // A password may be all digits.
  if (typeof value === 'number')
    return setting === 'timeoutSeconds' ? undefined : 'a number, not shown'
  if (typeof value !== 'string' || value === '') return
  const kind = findUpstreamKind(readPath(config, path.slice(0, 2)), kinds)
  const patterns = new Map(Object.entries({ ...kind?.quotable, kind: KIND_NAME }))
  return patterns.get(setting ?? '')?.test(value) ? undefined : 'a string, not shown'
}
