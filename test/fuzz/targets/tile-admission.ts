import fc from 'fast-check'
import { expect } from 'vitest'
import { findCanonicalTarget } from '../../../packages/guard/src/tiles/canonical-path.ts'
import { checkTileClaims, parseTileClaims } from '../../../packages/guard/src/tiles/tile-claims.ts'
import { isTilePermitted } from '../../../packages/guard/src/tiles/tile-permission.ts'
import { compileTileRules } from '../../../packages/guard/src/tiles/tile-rules.ts'
import { FRAGMENTS } from '../mutants.ts'
import type { Target } from '../target.ts'

interface Input {
  readonly claims: unknown
  readonly url: string
}

const find = compileTileRules([
  '/data/{tileset}/{z}/{x}/{y}.pbf',
  '/tms/{tileset}/{z}/{x}/{-y}{ratio}.{ext}',
  { tile: '/q?layer={tileset}&z={z}&y={y}&x={x}', optional: ['style'] },
  {
    tile: '/wmts?service=WMTS&request=GetTile&tilematrixset=web&layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}',
  },
  { archive: '/{tileset}.pmtiles' },
  { document: '/data/{tileset}.json' },
  { document: '/fonts/{*}/{*}.pbf' },
])

/** A request as a tile server would read it. */
interface Read {
  readonly tileset: string | undefined
  readonly tile?: readonly [z: number, x: number, y: number]
  readonly isArchive?: boolean
}

/** Reads a URL with the parser of the platform, and splits its path at slashes. */
function read(url: string): Read | undefined {
  const { pathname, searchParams } = new URL(url, 'http://host')
  const [, first = '', second = '', ...rest] = pathname.split('/').map(decodeURIComponent)
  const [z, x] = rest.map(Number)
  const y = Number.parseInt(rest[2] ?? '', 10)
  if (first === 'data' && rest.length === 0) return { tileset: second.replace(/\.json$/, '') }
  if (first === 'data') return { tileset: second, tile: [Number(z), Number(x), y] }
  if (first === 'tms')
    return { tileset: second, tile: [Number(z), Number(x), 2 ** Number(z) - 1 - y] }
  if (first === 'fonts') return { tileset: undefined }
  if (first.endsWith('.pmtiles')) return { tileset: first.slice(0, -8), isArchive: true }
  const parameters = new Map([...searchParams].map(([name, value]) => [name.toLowerCase(), value]))
  const names = first === 'q' ? ['z', 'x', 'y'] : ['tilematrix', 'tilecol', 'tilerow']
  const [zoom = 0, column = 0, row = 0] = names.map((name) => Number(parameters.get(name)))
  return { tileset: parameters.get('layer'), tile: [zoom, column, row] }
}

/** Does a tile overlap an area, by the usual formula? Rounding allowed in favour of the answer. */
function overlaps([z, x, y]: readonly [number, number, number], bbox: readonly number[]): boolean {
  const [west = 0, south = 0, east = 0, north = 0] = bbox
  const longitude = (column: number) => (column / 2 ** z) * 360 - 180
  const latitude = (row: number) =>
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / 2 ** z))) * 180) / Math.PI
  const epsilon = 1e-9
  if (latitude(y) < south - epsilon || latitude(y + 1) > north + epsilon) return false
  const isEastOf = longitude(x + 1) >= west - epsilon
  const isWestOf = longitude(x) <= east + epsilon
  return west > east ? isEastOf || isWestOf : isEastOf && isWestOf
}

const number = fc.oneof(
  fc.nat(16).map(String),
  fc.constantFrom('00', '-1', '1e1', '0x1', ...FRAGMENTS),
)
const tileset = fc.constantFrom('world', 'city', 'z%C3%BCrich', 'a.b', '%2e', 'secret')
const url = fc.oneof(
  fc
    .tuple(fc.constantFrom('data', 'tms'), tileset, number, number, number)
    .chain(([first, ...rest]) =>
      fc
        .constantFrom('.pbf', '@2x.png', '')
        .map((end) => `/${[first, ...rest].join('/')}${first === 'data' ? '.pbf' : end}`),
    ),
  fc
    .tuple(tileset, number, number, number)
    .map(([name, z, x, y]) => `/q?layer=${name}&z=${z}&y=${y}&x=${x}`),
  fc
    .tuple(tileset, number, number, number)
    .map(
      ([name, z, x, y]) =>
        `/wmts?service=WMTS&request=GetTile&tilematrixset=web&layer=${name}&tilematrix=${z}&tilerow=${y}&tilecol=${x}`,
    ),
  fc.constantFrom('/world.pmtiles', '/data/world.json', '/fonts/a/0-255.pbf', '/data/secret.json'),
)
const claims = fc.record(
  {
    tilesets: fc.constantFrom(['world'], ['world', 'zürich'], ['a.b']),
    bbox: fc.constantFrom(
      [-180, 0, 0, 90],
      [5.9, 45.8, 10.5, 47.8],
      [177, -21, -178, -12],
      [0, 0, 22.5, 85],
    ),
    minzoom: fc.nat(5),
    maxzoom: fc.integer({ min: 5, max: 30 }),
  },
  { requiredKeys: [] },
)

/** An admitted tile is within the claims by an independent formula, however the request is spelled. */
export const tileAdmission: Target<Input> = {
  name: 'tile-admission',
  arbitrary: fc.record({ claims, url }),
  check: ({ claims: given, url }) => {
    if (checkTileClaims(given).length > 0) return false
    const claims = parseTileClaims(given)
    const target = findCanonicalTarget(url)
    const resource = target && find(target)
    if (!resource || !isTilePermitted(claims, resource)) return false
    const seen = read(url)
    expect(seen?.tileset).toBe(resource.tileset)
    const { tilesets, bbox, minzoom = 0, maxzoom = 30 } = claims
    if (tilesets && seen?.tileset !== undefined) expect(tilesets).toContain(seen.tileset)
    if (tilesets && seen?.tileset === undefined) expect(resource.kind).toBe('document')
    expect(seen?.isArchive ?? false).toBe(resource.kind === 'archive')
    if (seen?.isArchive)
      expect([bbox, claims.minzoom, claims.maxzoom]).toEqual([undefined, undefined, undefined])
    if (!seen?.tile) return true
    const [z, x, y] = seen.tile
    expect([z, x, y].every(Number.isInteger)).toBe(true)
    expect(z >= minzoom && z <= maxzoom && Math.min(x, y) >= 0 && Math.max(x, y) < 2 ** z).toBe(
      true,
    )
    if (bbox) expect(overlaps(seen.tile, bbox)).toBe(true)
    return true
  },
}
