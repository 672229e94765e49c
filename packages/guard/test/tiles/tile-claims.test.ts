import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkTileClaims,
  narrowTileClaims,
  parseTileClaims,
  type TileClaims,
} from '../../src/tiles/tile-claims.ts'
import { isTilePermitted, type TileResource } from '../../src/tiles/tile-permission.ts'

describe('tile claims', () => {
  test.each<TileClaims>([
    { tilesets: ['world'] },
    { bbox: [5.9, 45.8, 10.5, 47.8] },
    { bbox: [177, -21, -178, -12] },
    { bbox: [-180, -90, 180, 90] },
    { minzoom: 0, maxzoom: 30 },
    { maxzoom: 0 },
  ])('%j are valid', (claims) => {
    expect(parseTileClaims(claims)).toEqual(claims)
  })

  test.each([
    [null, /"tiles" must be an object/],
    [[], /"tiles" must be an object/],
    [{}, /must restrict something/],
    [{ tilesets: [] }, /"tilesets" must be a list/],
    [{ tilesets: ['a', 'a'] }, /different names/],
    [{ tilesets: [''] }, /"tilesets"/],
    [{ tilesets: 'world' }, /"tilesets"/],
    [{ tilesets: ['x'.repeat(1497)] }, /1500 bytes/],
    [{ bbox: [0, 0, 10] }, /"bbox" must be \[west, south, east, north\]/],
    [{ bbox: [0, 10, 10, 0] }, /south below north/],
    [{ bbox: [5, 0, 5, 10] }, /west different from east/],
    [{ bbox: [180, 0, -180, 10] }, /"bbox"/],
    [{ bbox: [0, 0, 181, 10] }, /"bbox"/],
    [{ bbox: [0, 0, 10, 91] }, /"bbox"/],
    [{ bbox: [0, 0, '10', 10] }, /"bbox"/],
    [{ bbox: [0, 0, Number.NaN, 10] }, /"bbox"/],
    [{ minzoom: 31 }, /"minzoom" must be a whole number from 0 to 30/],
    [{ maxzoom: 1.5 }, /"maxzoom"/],
    [{ maxzoom: null }, /"maxzoom"/],
    [{ minzoom: 5, maxzoom: 4 }, /"minzoom" must not be greater than "maxzoom"/],
    [{ tilesets: ['a'], layers: ['b'] }, /"layers" is unknown; use "tilesets"/],
    [JSON.parse('{"__proto__":{"maxzoom":1}}'), /"__proto__"/],
  ])('%j are invalid', (value, message) => {
    expect(() => parseTileClaims(value)).toThrow(message)
  })
})

const zoom = fc.integer({ min: 0, max: 30 })
const claims = fc
  .record(
    {
      tilesets: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
      bbox: fc
        .tuple(
          fc.integer({ min: -180, max: 179 }),
          fc.integer({ min: -90, max: 0 }),
          fc.integer({ min: -179, max: 180 }),
          fc.integer({ min: 1, max: 90 }),
        )
        .filter(([west, , east]) => west !== east),
      minzoom: zoom,
      maxzoom: zoom,
    },
    { requiredKeys: [] },
  )
  .filter((value) => checkTileClaims(value).length === 0)
  .map((value) => parseTileClaims(value))
const resource: fc.Arbitrary<TileResource> = fc.oneof(
  fc.record({ kind: fc.constant('archive' as const), tileset: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('document' as const), tileset: fc.constantFrom('a', undefined) }),
  fc.integer({ min: 0, max: 12 }).chain((z) =>
    fc.record({
      kind: fc.constant('tile' as const),
      tileset: fc.constantFrom('a', 'b', 'c'),
      z: fc.constant(z),
      x: fc.integer({ min: 0, max: 2 ** z - 1 }),
      y: fc.integer({ min: 0, max: 2 ** z - 1 }),
    }),
  ),
)

describe('X1: claims only narrow', () => {
  test('what the narrowed claims permit, both the held and the wanted claims permit', () => {
    fc.assert(
      fc.property(claims, claims, resource, (held, wanted, asked) => {
        const narrowed = narrowTileClaims(held, wanted)
        if (narrowed && isTilePermitted(narrowed, asked)) {
          expect(isTilePermitted(held, asked)).toBe(true)
          expect(isTilePermitted(wanted, asked)).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test.each<[TileClaims | undefined, TileClaims, TileClaims | undefined]>([
    [undefined, { maxzoom: 3 }, { maxzoom: 3 }],
    [{ maxzoom: 5 }, { maxzoom: 3 }, { maxzoom: 3 }],
    [{ maxzoom: 5 }, { maxzoom: 6 }, undefined],
    [{ maxzoom: 5 }, { minzoom: 6 }, undefined],
    [{ tilesets: ['a', 'b'] }, { tilesets: ['b'] }, { tilesets: ['b'] }],
    [{ tilesets: ['a'] }, { tilesets: ['a', 'b'] }, undefined],
    [{ tilesets: ['a'] }, { maxzoom: 3 }, { tilesets: ['a'], maxzoom: 3 }],
    [{ bbox: [0, 0, 10, 10] }, { bbox: [1, 1, 2, 2] }, { bbox: [1, 1, 2, 2] }],
    [{ bbox: [0, 0, 10, 10] }, { bbox: [1, 1, 2, 12] }, undefined],
  ])('from %j to %j is %j', (held, wanted, expected) => {
    expect(narrowTileClaims(held, wanted)).toEqual(expected)
  })
})
