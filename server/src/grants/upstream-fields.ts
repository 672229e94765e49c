import { findKind, type UpstreamKind } from '../upstreams/settings.ts'

type Rule = 'required' | 'optional' | 'none'

/** Which fields of a grant mean something to which kind. */
const FIELDS: Readonly<
  Record<UpstreamKind, Readonly<Record<'scope' | 'expiresInSeconds' | 'datasets', Rule>>>
> = {
  geog: { scope: 'required', expiresInSeconds: 'optional', datasets: 'none' },
  mapbox: { scope: 'required', expiresInSeconds: 'optional', datasets: 'none' },
  geolens: { scope: 'none', expiresInSeconds: 'none', datasets: 'required' },
  login: { scope: 'none', expiresInSeconds: 'none', datasets: 'none' },
  oauth: { scope: 'optional', expiresInSeconds: 'none', datasets: 'none' },
  own: { scope: 'optional', expiresInSeconds: 'optional', datasets: 'optional' },
}

/** Why a kind has no use for a field. */
const REASONS = {
  scope: 'has no scopes',
  expiresInSeconds: 'decides itself how long its tokens last',
  datasets: 'knows no datasets',
} as const

const HOUR_SECONDS = 3600

/**
 * Finds what is wrong between grants and upstreams, which may both be faulty in themselves: each
 * fault with its field and rule.
 */
export function findGrantFaults(config: unknown): readonly string[] {
  const upstreams = getEntries(config, 'upstreams')
  return [...getEntries(config, 'grants')].flatMap(([name, grant]) => {
    const upstream = getMember(grant, 'upstream')
    if (typeof upstream !== 'string' || upstream === '') return []
    if (!upstreams.has(upstream))
      return [
        `grants.${name}.upstream: must be one of "upstreams" (given: ${JSON.stringify(upstream)})`,
      ]
    const settings = upstreams.get(upstream)
    const kind = typeof settings === 'function' ? 'own' : findKind(settings)
    return kind === undefined ? [] : findFieldFaults(`grants.${name}`, grant, kind)
  })
}

function findFieldFaults(path: string, grant: unknown, kind: UpstreamKind): string[] {
  const faults: string[] = []
  for (const field of ['scope', 'expiresInSeconds', 'datasets'] as const) {
    const given = getMember(grant, field)
    const rule = FIELDS[kind][field]
    if (rule === 'required' && given === undefined)
      faults.push(
        `${path}.${field}: must be set for an upstream of kind "${kind}" (given: nothing)`,
      )
    if (rule === 'none' && given !== undefined)
      faults.push(
        `${path}.${field}: must be left out, an upstream of kind "${kind}" ${REASONS[field]} (given: ${JSON.stringify(given)})`,
      )
  }
  const lifetime = getMember(grant, 'expiresInSeconds')
  if (kind === 'mapbox' && typeof lifetime === 'number' && lifetime > HOUR_SECONDS)
    faults.push(
      `${path}.expiresInSeconds: must be at most ${HOUR_SECONDS} for an upstream of kind "mapbox" (given: ${lifetime})`,
    )
  return faults
}

function getEntries(config: unknown, field: string): ReadonlyMap<string, unknown> {
  const value = getMember(config, field)
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}

function getMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
