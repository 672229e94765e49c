import fc from 'fast-check'
import { expect } from 'vitest'
import { checkTileClaims, parseTileClaims } from '../../../packages/guard/src/tiles/tile-claims.ts'
import { findParsed, type Target } from '../target.ts'

const degrees = fc.oneof(fc.integer({ min: -181, max: 181 }), fc.constantFrom(-180, 180, 90, -90))
const zoom = fc.oneof(
  fc.integer({ min: -1, max: 31 }),
  fc.constantFrom<unknown>(0.5, '3', null, 1e300),
)
const CANARY = 'canary'

/** The rules once more, by regular expressions over the JSON text where possible. */
function isValid(value: unknown): boolean {
  const text = JSON.stringify(value)
  if (!text.startsWith('{') || text === '{}') return false
  const { tilesets, bbox, minzoom, maxzoom, ...others } = JSON.parse(text)
  if (Object.keys(others).length > 0 || text.includes('"__proto__":')) return false
  const isZoom = (zoom: unknown) => /^(?:[12]?\d|30)$/.test(JSON.stringify(zoom))
  if ([minzoom, maxzoom].some((zoom) => zoom !== undefined && !isZoom(zoom))) return false
  if (minzoom !== undefined && maxzoom !== undefined && minzoom > maxzoom) return false
  if (tilesets !== undefined) {
    if (!Array.isArray(tilesets) || tilesets.length === 0) return false
    if (tilesets.some((name) => typeof name !== 'string' || name.length === 0)) return false
    if (Buffer.byteLength(JSON.stringify(tilesets)) > 1500) return false
    if (tilesets.some((name, index) => tilesets.indexOf(name) !== index)) return false
  }
  if (bbox === undefined) return true
  if (!Array.isArray(bbox) || bbox.length !== 4) return false
  if (!/^\[(?:-?[\d.]+(?:e[+-]?\d+)?,?){4}\]$/.test(JSON.stringify(bbox))) return false
  const [west, south, east, north] = bbox
  const isWithin = -180 <= Math.min(west, east) && Math.max(west, east) <= 180
  const isTall = -90 <= south && south < north && north <= 90
  return isWithin && isTall && west !== east && (west !== 180 || east !== -180)
}

/** What is valid is what an independent formula says; faults name members and never values. */
export const tileClaims: Target<unknown> = {
  name: 'tile-claims',
  isAnyJson: true,
  arbitrary: fc.oneof(
    fc.record(
      {
        tilesets: fc.array(fc.oneof(fc.constantFrom('a', 'b', CANARY, ''), fc.string())),
        bbox: fc.array(degrees, { minLength: 3, maxLength: 5 }),
        minzoom: zoom,
        maxzoom: zoom,
        layers: fc.constant(CANARY),
      },
      { requiredKeys: [] },
    ),
    fc.tuple(degrees, degrees, degrees, degrees).map((bbox) => ({ bbox })),
    fc.jsonValue(),
  ),
  check: (value) => {
    const parsed = findParsed(() => parseTileClaims(value), RangeError)
    expect(parsed !== undefined).toBe(isValid(value))
    if (parsed) expect(parsed).toEqual(value)
    expect(
      checkTileClaims(value)
        .map(({ rule }) => rule)
        .join(),
    ).not.toContain(CANARY)
    return parsed !== undefined
  },
}
