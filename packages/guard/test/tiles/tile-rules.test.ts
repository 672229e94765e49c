import { describe, expect, test } from 'vitest'
import { findCanonicalTarget } from '../../src/tiles/canonical-path.ts'
import { compileTileRules, type TileRule } from '../../src/tiles/tile-rules.ts'

const find = (rules: TileRule | readonly TileRule[], target: string) => {
  const canonical = findCanonicalTarget(target)
  return canonical && compileTileRules(rules)(canonical)
}
const tile = (tileset: string | undefined, z: number, x: number, y: number) => ({
  kind: 'tile',
  tileset,
  z,
  x,
  y,
})

describe('a rule tells which resource a URL is', () => {
  test.each<[TileRule | readonly TileRule[], string, object | undefined]>([
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/world/3/4/5.pbf', tile('world', 3, 4, 5)],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/a%20b/3/4/5.pbf', tile('a b', 3, 4, 5)],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/world/3/4/5xpbf', undefined],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/world/03/4/5.pbf', undefined],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/world/+3/4/5.pbf', undefined],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/world/3/4/5.pbf/', undefined],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/x/data/world/3/4/5.pbf', undefined],
    ['/data/{tileset}/{z}/{x}/{y}.pbf', '/data/a/b/3/4/5.pbf', undefined],
    ['/{tileset}/{z}/{x}/{y}{ratio}.{ext}', '/w/3/4/5@2x.png', tile('w', 3, 4, 5)],
    ['/{tileset}/{z}/{x}/{y}{ratio}.{ext}', '/w/3/4/5.webp', tile('w', 3, 4, 5)],
    ['/tms/{tileset}/{z}/{x}/{-y}.png', '/tms/w/3/4/0.png', tile('w', 3, 4, 7)],
    ['/tms/{tileset}/{z}/{x}/{-y}.png', '/tms/w/3/4/8.png', tile('w', 3, 4, -1)],
    [
      '/wmts/{tileset}/{*}/{*}/{z}/{y}/{x}.png',
      '/wmts/w/default/Web/3/5/4.png',
      tile('w', 3, 4, 5),
    ],
    [
      '/wmts?layer={tileset}&tilematrix=EPSG:3857:{z}&tilerow={y}&tilecol={x}',
      '/wmts?SERVICE=WMTS&LAYER=w&TileMatrix=EPSG:3857:3&TILEROW=5&TILECOL=4',
      tile('w', 3, 4, 5),
    ],
    ['/wmts?layer={tileset}&z={z}&y={y}&x={x}', '/wmts?layer=a&LAYER=b&z=0&x=0&y=0', undefined],
    ['/wmts?layer={tileset}&z={z}&y={y}&x={x}', '/wmts?layer=a&z=0&x=0', undefined],
    ['/wmts?layer={tileset}&z={z}&y={y}&x={x}', '/wmts??layer=a&z=0&x=0&y=0', undefined],
    ['/wmts?layer={tileset}&z={z}&y={y}&x={x}', '/wmts?layer=a&layer[]=b&z=0&x=0&y=0', undefined],
    ['/wmts?layer={tileset}&z={z}&y={y}&x={x}', '/wmts?layer[]=a&z=0&x=0&y=0', undefined],
    [{ tile: '/{z}/{x}/{y}', tileset: 'only' }, '/1/0/0', tile('only', 1, 0, 0)],
    [
      { document: '/data/{tileset}.json' },
      '/data/world.json',
      { kind: 'document', tileset: 'world' },
    ],
    [
      { document: '/fonts/{*}/{*}.pbf' },
      '/fonts/Noto%20Sans/0-255.pbf',
      { kind: 'document', tileset: undefined },
    ],
    [{ archive: '/{tileset}.pmtiles' }, '/world.pmtiles', { kind: 'archive', tileset: 'world' }],
    [
      [{ document: '/{tileset}.json' }, { archive: '/{tileset}.{ext}' }],
      '/w.json',
      { kind: 'document', tileset: 'w' },
    ],
  ])('%j for %s', (rules, target, expected) => {
    expect(find(rules, target)).toEqual(expected)
  })
})

describe('an invalid rule is refused at construction, by name', () => {
  test.each<[TileRule | readonly TileRule[], RegExp]>([
    [[], /"tiles" must contain at least one rule/],
    [{} as TileRule, /"tiles": each rule must be a template/],
    [{ tile: 1 } as unknown as TileRule, /"tiles": each rule must be a template/],
    ['data/{z}/{x}/{y}', /must start with "\/"/],
    ['/{z}/{x}', /must contain \{z\}, \{x\} and \{y\}/],
    ['/{z}/{x}/{y}/{q}', /unknown placeholder \{q\}/],
    ['/{z}/{x}/{constructor}', /unknown placeholder \{constructor\}/],
    ['/{z}/{x}/{y}/{-y}', /the same placeholder twice/],
    ['/{z}/{x}/{y}?t={tileset}&u={tileset}', /the same placeholder twice/],
    ['/{tileset}{z}/{x}/{y}', /text between two placeholders/],
    ['/{z}/{x}/{y}?=1', /parameter without a name/],
    [{ archive: '/a.pmtiles' }, /must contain \{tileset\}/],
    [{ archive: '/{tileset}/{z}' }, /must not contain/],
    [{ document: '/{tileset}/{z}.json' }, /must not contain/],
  ])('%j', (rules, message) => {
    expect(() => compileTileRules(rules)).toThrow(message)
  })
})
