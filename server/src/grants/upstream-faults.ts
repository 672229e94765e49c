import { isRecord } from '@tilepass/guard/broker'
import type { GrantField, UpstreamKind } from '../upstreams/kind.ts'
import { findUpstreamKind, UPSTREAM_KINDS } from '../upstreams/kinds.ts'
import { MAX_RELAYED_SECONDS } from './relayed-grant.ts'

const FIELDS: readonly GrantField[] = ['scope', 'expiresInSeconds', 'datasets']

/**
 * Lists the faults of grants that do not fit their upstream: it is not configured, or its kind requires
 * or forbids a field of the grant.
 *
 * @param config The whole configuration, which may be invalid in other respects.
 */
export function listGrantFaults(
  config: unknown,
  kinds: readonly UpstreamKind[] = UPSTREAM_KINDS,
): readonly string[] {
  const upstreams = new Map(Object.entries(getRecord(config, 'upstreams')))
  return Object.entries(getRecord(config, 'grants')).flatMap(([name, grant]) => {
    const path = `grants.${name}`
    const upstream = isRecord(grant) ? getOwn(grant, 'upstream') : undefined
    if (!isRecord(grant) || typeof upstream !== 'string' || upstream === '') return []
    if (!upstreams.has(upstream))
      return [
        `${path}.upstream: must be the name of one of "upstreams" (given: ${JSON.stringify(upstream)})`,
      ]
    const kind = findUpstreamKind(upstreams.get(upstream), kinds)
    return kind ? listFieldFaults(path, grant, kind) : []
  })
}

function listFieldFaults(
  path: string,
  grant: Readonly<Record<string, unknown>>,
  { name, grantFields, maxLifetimeSeconds = MAX_RELAYED_SECONDS }: UpstreamKind,
): readonly string[] {
  const upstream = `an upstream of kind "${name}"`
  return FIELDS.flatMap((field) => {
    const given = getOwn(grant, field)
    const rule = grantFields[field]
    if (given === undefined)
      return rule === 'required'
        ? [`${path}.${field}: must be set for ${upstream} (given: nothing)`]
        : []
    if (typeof rule === 'object')
      return [
        `${path}.${field}: must be left out: ${upstream} ${rule.forbidden} (given: ${JSON.stringify(given)})`,
      ]
    // The schema reports lifetimes that no grant may have.
    const isTooLong =
      field === 'expiresInSeconds' &&
      typeof given === 'number' &&
      given > maxLifetimeSeconds &&
      given <= MAX_RELAYED_SECONDS
    return isTooLong
      ? [
          `${path}.${field}: must be at most ${maxLifetimeSeconds} for ${upstream} (given: ${given})`,
        ]
      : []
  })
}

function getRecord(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const member = isRecord(value) ? getOwn(value, name) : undefined
  return isRecord(member) ? member : {}
}

function getOwn(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
