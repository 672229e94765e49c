import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Bbox,
  containsBbox,
  intersectsTile,
  isTileAddress,
  MAX_ZOOM,
  type TileAddress,
} from '../../src/tiles/tile-grid.ts'

const EDGE = 85.0511287798066

/** Bounds of a tile by the usual formula, with its rounding errors. */
function boundsOf({ z, x, y }: TileAddress): Bbox {
  const longitude = (column: number) => (column / 2 ** z) * 360 - 180
  const latitude = (row: number) =>
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / 2 ** z))) * 180) / Math.PI
  return [longitude(x), latitude(y + 1), longitude(x + 1), latitude(y)]
}

const address = fc.integer({ min: 0, max: MAX_ZOOM }).chain((z) =>
  fc.record({
    z: fc.constant(z),
    x: fc.integer({ min: 0, max: 2 ** z - 1 }),
    y: fc.integer({ min: 0, max: 2 ** z - 1 }),
  }),
)
// Most mistakes are possible at borders, so borders are frequent.
const atBorders = fc.integer({ min: 0, max: MAX_ZOOM }).chain((z) =>
  fc.record({
    z: fc.constant(z),
    x: fc.constantFrom(0, 2 ** z - 1, Math.floor(2 ** z / 2)),
    y: fc.constantFrom(0, 2 ** z - 1, Math.floor(2 ** z / 2)),
  }),
)
const anyTile = fc.oneof(address, atBorders)
const degrees = (limit: number) =>
  fc.integer({ min: -limit * 1e7, max: limit * 1e7 }).map((value) => value / 1e7)
const bbox = fc
  .tuple(degrees(180), degrees(90), degrees(180), degrees(90))
  .filter(([west, south, east, north]) => west !== east && south < north)
  .map((sides): Bbox => sides)

describe('the bounds of a tile', () => {
  test('match the tile itself, at every zoom from 0 to 30', () => {
    fc.assert(
      fc.property(anyTile, (tile) => intersectsTile(boundsOf(tile), tile)),
      { numRuns: 2_000 },
    )
  })

  test('match none of its eight neighbours, which only touch them', () => {
    fc.assert(
      fc.property(anyTile, ({ z, x, y }) => {
        const bounds = boundsOf({ z, x, y })
        for (const dx of [-1, 0, 1])
          for (const dy of [-1, 0, 1])
            if (dx !== 0 || dy !== 0)
              expect(intersectsTile(bounds, { z, x: x + dx, y: y + dy })).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  test('match its ancestors and descendants, and none of their neighbours', () => {
    fc.assert(
      fc.property(anyTile, fc.integer({ min: 0, max: MAX_ZOOM }), (tile, z) => {
        const bounds = boundsOf(tile)
        const shift = 2 ** (z - tile.z)
        const x = Math.floor(tile.x * shift)
        const y = Math.floor(tile.y * shift)
        expect(intersectsTile(bounds, { z, x, y })).toBe(true)
        const size = Math.max(1, shift)
        expect(intersectsTile(bounds, { z, x: x + size - 1, y: y + size - 1 })).toBe(true)
        expect(intersectsTile(bounds, { z, x: x + size, y })).toBe(false)
        expect(intersectsTile(bounds, { z, x, y: y + size })).toBe(false)
        expect(intersectsTile(bounds, { z, x: x - 1, y })).toBe(false)
        expect(intersectsTile(bounds, { z, x, y: y - 1 })).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('columns agree with exact integer arithmetic', () => {
  // Longitudes with seven decimals, compared without rounding.
  fc.assert(
    fc.property(anyTile, bbox, ({ z, x }, [west, , east]) => {
      const side = (degrees: number) => (BigInt(Math.round(degrees * 1e7)) + 1_800_000_000n) << 30n
      const column = (index: number) => (BigInt(index) * 3_600_000_000n) << BigInt(30 - z)
      const isEastOf = column(x + 1) > side(west)
      const isWestOf = column(x) < side(east)
      const expected = west > east ? isEastOf || isWestOf : isEastOf && isWestOf
      expect(intersectsTile([west, -80, east, 80], { z, x, y: Math.floor(2 ** z / 2) })).toBe(
        expected,
      )
    }),
    { numRuns: 2_000 },
  )
})

describe('the antimeridian', () => {
  const fiji: Bbox = [177, -21, -178, -12]

  test('an area across it matches tiles on both sides, and not the rest of the world', () => {
    for (const [x, isOpen] of [
      [0, true],
      [255, true],
      [1, true],
      [253, true],
      [2, false],
      [252, false],
      [128, false],
    ] as const)
      expect(intersectsTile(fiji, { z: 8, x, y: 137 }), `column ${x}`).toBe(isOpen)
  })

  test('an area up to it matches nothing beyond', () => {
    expect(intersectsTile([170, -10, 180, 10], { z: 4, x: 15, y: 7 })).toBe(true)
    expect(intersectsTile([170, -10, 180, 10], { z: 4, x: 0, y: 7 })).toBe(false)
    expect(intersectsTile([-180, -10, -170, 10], { z: 4, x: 0, y: 7 })).toBe(true)
    expect(intersectsTile([-180, -10, -170, 10], { z: 4, x: 15, y: 7 })).toBe(false)
  })
})

describe('the poles', () => {
  test('an area up to them matches the outermost rows', () => {
    expect(intersectsTile([-180, 84, 180, 90], { z: 3, x: 5, y: 0 })).toBe(true)
    expect(intersectsTile([-180, -90, 180, -84], { z: 3, x: 5, y: 7 })).toBe(true)
    expect(intersectsTile([-180, -90, 180, -84], { z: 3, x: 5, y: 0 })).toBe(false)
  })

  test('an area beyond the edge of the map lies in no tile', () => {
    for (const z of [0, 1, 10, 30])
      for (const area of [
        [-180, EDGE, 180, 90],
        [-180, -90, 180, -EDGE],
        [0, 86, 10, 90],
      ] as const) {
        expect(intersectsTile(area, { z, x: 0, y: 0 })).toBe(false)
        expect(intersectsTile(area, { z, x: 2 ** z - 1, y: 2 ** z - 1 })).toBe(false)
      }
  })

  test('the whole globe matches every tile', () => {
    fc.assert(fc.property(anyTile, (tile) => intersectsTile([-180, -90, 180, 90], tile)))
  })
})

test('an address that does not exist intersects nothing', () => {
  for (const tile of [
    { z: -1, x: 0, y: 0 },
    { z: 31, x: 0, y: 0 },
    { z: 1, x: 2, y: 0 },
    { z: 1, x: 0, y: 2 },
    { z: 0.5, x: 0, y: 0 },
    { z: Number.NaN, x: 0, y: 0 },
  ]) {
    expect(isTileAddress(tile)).toBe(false)
    expect(intersectsTile([-180, -90, 180, 90], tile)).toBe(false)
  }
})

describe('an area within another', () => {
  test('never matches a tile that the outer one does not', () => {
    fc.assert(
      fc.property(bbox, bbox, anyTile, (outer, inner, tile) => {
        fc.pre(containsBbox(outer, inner))
        if (intersectsTile(inner, tile)) expect(intersectsTile(outer, tile)).toBe(true)
      }),
      { numRuns: 2_000, maxSkipsPerRun: 1_000 },
    )
  }, 60_000)

  test.each<[Bbox, Bbox, boolean]>([
    [[0, 0, 10, 10], [0, 0, 10, 10], true],
    [[0, 0, 10, 10], [0, 0, 10, 10.0000001], false],
    [[0, 0, 10, 10], [-1, 0, 10, 10], false],
    [[0, 0, 10, 10], [10, 0, 0, 10], false],
    [[170, 0, -170, 10], [175, 0, -175, 10], true],
    [[170, 0, -170, 10], [175, 0, 180, 10], true],
    [[170, 0, -170, 10], [-180, 0, -171, 10], true],
    [[170, 0, -170, 10], [-171, 0, 171, 10], false],
    [[170, 0, -170, 10], [-180, 0, 180, 10], false],
    [[-180, 0, 180, 10], [175, 0, -175, 10], true],
    [[170, 0, 180, 10], [175, 0, -180, 10], true],
  ])('%j contains %j: %j', (outer, inner, expected) => {
    expect(containsBbox(outer, inner)).toBe(expected)
  })
})
