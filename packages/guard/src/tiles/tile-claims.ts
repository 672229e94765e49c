import { isRecord } from '../options/is-record.ts'
import { type Bbox, containsBbox, MAX_ZOOM } from './tile-grid.ts'

/** The tiles that a token is restricted to. An absent member is no restriction. */
export interface TileClaims {
  /** Names of tilesets, compared exactly. */
  readonly tilesets?: readonly string[]
  /** Only tiles that overlap this area, in degrees. */
  readonly bbox?: Bbox
  readonly minzoom?: number
  readonly maxzoom?: number
}

/** An invalid member of tile claims, and the rule that it broke. */
export interface TileClaimsFault {
  /** Empty if the rule is about the whole object. */
  readonly member: string
  readonly rule: string
}

/** Limit for the list of names as JSON, in bytes: the token has to fit into 4 KiB. */
const MAX_NAMES_BYTES = 1500

const RULES: Readonly<Record<keyof TileClaims, readonly [(value: unknown) => boolean, string]>> = {
  tilesets: [
    isNames,
    `must be a list of different names, at most ${MAX_NAMES_BYTES} bytes in total`,
  ],
  bbox: [
    isBbox,
    'must be [west, south, east, north] in degrees, with south below north and west different from east (west > east crosses the antimeridian)',
  ],
  minzoom: [isZoom, `must be a whole number from 0 to ${MAX_ZOOM}`],
  maxzoom: [isZoom, `must be a whole number from 0 to ${MAX_ZOOM}`],
}

/**
 * Lists what is wrong with tile claims, or with settings for them. Unknown members are faults: a
 * restriction that is not understood cannot be enforced.
 */
export function checkTileClaims(value: unknown): readonly TileClaimsFault[] {
  if (!isRecord(value)) return [{ member: '', rule: 'must be an object' }]
  const members = Object.keys(value)
  if (members.length === 0) return [{ member: '', rule: 'must restrict something' }]
  const faults = members.flatMap((member) => {
    const [isValid, rule] = isMember(member)
      ? RULES[member]
      : [() => false, 'is unknown; use "tilesets", "bbox", "minzoom" or "maxzoom"']
    return isValid(value[member]) ? [] : [{ member, rule }]
  })
  const { minzoom = 0, maxzoom = MAX_ZOOM } = value
  if (faults.length === 0 && Number(minzoom) > Number(maxzoom))
    return [{ member: 'minzoom', rule: 'must not be greater than "maxzoom"' }]
  return faults
}

/** @throws `RangeError` naming every invalid member and its rule; never a value. */
export function parseTileClaims(value: unknown): TileClaims {
  const faults = checkTileClaims(value)
  if (faults.length === 0 && isTileClaims(value)) return value
  throw new RangeError(
    faults.map(({ member, rule }) => `"${member || 'tiles'}" ${rule}`).join('; '),
  )
}

/**
 * Restricts tile claims further, member by member. A member that `wanted` leaves out keeps its value.
 *
 * @param held The current restriction; `undefined` if there is none.
 * @returns `undefined` if `wanted` asks for anything that `held` does not permit: a request is never
 *   reduced silently.
 */
export function narrowTileClaims(
  held: TileClaims | undefined,
  wanted: TileClaims,
): TileClaims | undefined {
  if (!held) return wanted
  const { tilesets, bbox, minzoom = 0, maxzoom = MAX_ZOOM } = held
  if (tilesets && wanted.tilesets && !wanted.tilesets.every((name) => tilesets.includes(name)))
    return
  if (bbox && wanted.bbox && !containsBbox(bbox, wanted.bbox)) return
  if ((wanted.minzoom ?? minzoom) < minzoom || (wanted.maxzoom ?? maxzoom) > maxzoom) return
  const narrowed = { ...held, ...wanted }
  return checkTileClaims(narrowed).length === 0 ? narrowed : undefined
}

function isTileClaims(value: unknown): value is TileClaims {
  return checkTileClaims(value).length === 0
}

function isMember(name: string): name is keyof TileClaims {
  return Object.hasOwn(RULES, name)
}

function isNames(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length)
    return false
  const areNames = value.every((name) => typeof name === 'string' && name !== '')
  return areNames && new TextEncoder().encode(JSON.stringify(value)).length <= MAX_NAMES_BYTES
}

function isBbox(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite)) return false
  const [west, south, east, north] = value
  const isOnGlobe = Math.abs(west) <= 180 && Math.abs(east) <= 180 && south >= -90 && north <= 90
  // From 180° to −180° eastwards is either nothing or the whole world: refused as ambiguous.
  return isOnGlobe && south < north && west !== east && !(west === 180 && east === -180)
}

function isZoom(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_ZOOM
}
