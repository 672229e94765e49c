import { isRecord } from '../options/is-record.ts'
import { type Bbox, containsBbox, MAX_ZOOM } from './tile-grid.ts'

/** What a token's tiles are restricted to; whatever is absent is not restricted. */
export interface TileClaims {
  /** Names of tilesets, compared exactly. */
  readonly tilesets?: readonly string[]
  /** Only tiles that overlap this area, in degrees. */
  readonly bbox?: Bbox
  readonly minzoom?: number
  readonly maxzoom?: number
}

/** A member that cannot be, and its rule. */
export interface TileClaimsFault {
  /** Empty for the whole. */
  readonly member: string
  readonly rule: string
}

/** Bytes of the list of names as JSON: the token has to fit into 4 KiB. */
const MAX_NAMES_BYTES = 1500

const RULES: Readonly<Record<keyof TileClaims, readonly [(value: unknown) => boolean, string]>> = {
  tilesets: [
    isNames,
    `must be a list of different names, no longer than ${MAX_NAMES_BYTES} bytes in all`,
  ],
  bbox: [
    isBbox,
    'must be [west, south, east, north] in degrees, south below north, west and east different (west > east crosses the antimeridian)',
  ],
  minzoom: [isZoom, `must be a whole number from 0 to ${MAX_ZOOM}`],
  maxzoom: [isZoom, `must be a whole number from 0 to ${MAX_ZOOM}`],
}

/**
 * Says what is wrong with tile claims, or with settings for them. Unknown members are faults: who
 * does not know a restriction cannot keep it.
 */
export function checkTileClaims(value: unknown): readonly TileClaimsFault[] {
  if (!isRecord(value)) return [{ member: '', rule: 'must be an object' }]
  const members = Object.keys(value)
  if (members.length === 0) return [{ member: '', rule: 'must restrict something' }]
  const faults = members.flatMap((member) => {
    const [isValid, rule] = isMember(member)
      ? RULES[member]
      : [() => false, `is none of ${Object.keys(RULES).join(', ')}`]
    return isValid(value[member]) ? [] : [{ member, rule }]
  })
  const { minzoom = 0, maxzoom = MAX_ZOOM } = value
  if (faults.length === 0 && Number(minzoom) > Number(maxzoom))
    return [{ member: 'minzoom', rule: 'must not be greater than "maxzoom"' }]
  return faults
}

/** @throws `RangeError` naming every member that cannot be, and its rule; never a value. */
export function parseTileClaims(value: unknown): TileClaims {
  const faults = checkTileClaims(value)
  if (faults.length === 0 && isTileClaims(value)) return value
  throw new RangeError(
    faults.map(({ member, rule }) => `"${member || 'tiles'}" ${rule}`).join('; '),
  )
}

/**
 * Restricts further, member by member; what `wanted` leaves out stays as it is.
 *
 * @param held What is permitted so far; `undefined` for everything.
 * @returns `undefined` if `wanted` asks for something that `held` does not permit: nothing is ever cut
 *   down in silence.
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
  return areNames && Buffer.byteLength(JSON.stringify(value)) <= MAX_NAMES_BYTES
}

function isBbox(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite)) return false
  const [west, south, east, north] = value
  const isOnGlobe = Math.abs(west) <= 180 && Math.abs(east) <= 180 && south >= -90 && north <= 90
  // From the antimeridian to itself, the long way round, is nothing or everything: nobody means it.
  return isOnGlobe && south < north && west !== east && !(west === 180 && east === -180)
}

function isZoom(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_ZOOM
}
