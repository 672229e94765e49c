import { describe, expect, test } from 'vitest'
import { findCanonicalTarget } from '../../src/tiles/canonical-path.ts'
import { compileTileRules, type TileRule } from '../../src/tiles/tile-rules.ts'

const find = (rules: TileRule | readonly TileRule[], target: string) => {
  const canonical = findCanonicalTarget(target)
  return canonical && compileTileRules(rules)(canonical)
}
const WMTS = '/wmts?service=WMTS&request=GetTile&tilematrixset=web'
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
      `${WMTS}&layer={tileset}&tilematrix=EPSG:3857:{z}&tilerow={y}&tilecol={x}`,
      '/wmts?SERVICE=WMTS&REQUEST=GetTile&TileMatrixSet=web&LAYER=w&TileMatrix=EPSG:3857:3&TILEROW=5&TILECOL=4',
      tile('w', 3, 4, 5),
    ],
    [
      {
        tile: `${WMTS}&layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}`,
        optional: ['Version', 'style', 'format', 'viewparams'],
      },
      '/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=&FORMAT=image/png&TILEMATRIXSET=web&layer=w&tilematrix=3&tilerow=5&tilecol=4&viewparams=a%3Ab%3Bc%3Ad',
      tile('w', 3, 4, 5),
    ],
    [
      '/cog/{z}/{x}/{y}?url={tileset}',
      '/cog/3/4/5?url=s3://b/a.tif',
      tile('s3://b/a.tif', 3, 4, 5),
    ],
    [
      '/cog/{z}/{x}/{y}?url={tileset}',
      '/cog/3/4/5?url=s3%3A%2F%2Fb%2Fa.tif',
      tile('s3://b/a.tif', 3, 4, 5),
    ],
    ['/cog/{z}/{x}/{y}?url=s3://b/{tileset}.tif', '/cog/3/4/5?url=s3://b/c/a.tif', undefined],
    ['/cog/{z}/{x}/{y}?url={tileset}', '/cog/3/4/5?url=', undefined],
    [{ tile: '/{tileset}/{z}/{x}/{y}', optional: ['v'] }, '/w/3/4/5?v=1.2', tile('w', 3, 4, 5)],
    [{ tile: '/{tileset}/{z}/{x}/{y}', optional: ['v'] }, '/w/3/4/5?V=1', undefined],
    ['/cog/{z}/{x}/{y}?url={tileset}&mask=on', '/cog/3/4/5?url=a&MASK=on', undefined],
    ['/{tileset}/{z}/{x}/{y}', '/w/3/4/5?', tile('w', 3, 4, 5)],
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

describe('a parameter that the rule does not name is not matched, because a server may read it', () => {
  test.each<[TileRule, string]>([
    ['/{tileset}/{z}/{x}/{y}', '/w/3/4/5?v=1.2'],
    // MapCache reads the query instead of the path if it contains a service.
    ['/wmts/1.0.0/{tileset}/{z}/{x}/{y}.png', '/wmts/1.0.0/w/3/4/5.png?service=WMTS&layer=secret'],
    [{ document: '/wmts' }, '/wmts?service=WMTS&request=GetTile&layer=secret'],
    [{ document: '/wmts?request=GetCapabilities' }, '/wmts?request=GetCapabilities&layers=secret'],
    [{ archive: '/download?file={tileset}' }, '/download?file=w&path=secret'],
    [{ tile: '/{tileset}/{z}/{x}/{y}', optional: ['v'] }, '/w/3/4/5?v=1&w=1'],
  ])('%j for %s', (rule, target) => {
    expect(find(rule, target)).toBeUndefined()
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
    ['/{z}/{x}/{y}?a.b=1', /must name its parameters with letters/],
    ['/{z}/{x}/{y}?a=1&A=2', /the parameter "A" twice/],
    [{ tile: '/{z}/{x}/{y}', optional: 'v' } as unknown as TileRule, /"optional" must be a list/],
    [{ tile: '/{z}/{x}/{y}', optional: ['a[]'] }, /"optional" must be a list of names/],
    [['/{z}/{x}/{y}', '/{z}/{x}'], /^"tiles\[1\]": "\/\{z\}\/\{x\}" must contain/],
    [{ archive: '/a.pmtiles' }, /must contain \{tileset\}/],
    [{ archive: '/{tileset}/{z}' }, /must not contain/],
    [{ document: '/{tileset}/{z}.json' }, /must not contain/],
  ])('%j', (rules, message) => {
    expect(() => compileTileRules(rules)).toThrow(message)
  })
})

describe('a rule for an OGC service leaves no choice of operation, grid or data to the client', () => {
  const address = 'layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}'
  test.each<[TileRule, string]>([
    [`/wmts?${address}`, 'the parameters "service", "request", "tilematrixset" one value each'],
    [`/wmts?${address}`, `for example "${WMTS.replace('web', 'WebMercatorQuad')}&${address}"`],
    [`/wmts?SERVICE=WMTS&Request=GetTile&${address}`, 'the parameters "tilematrixset" one value'],
    [`${WMTS.replace('web', '{*}')}&${address}`, 'the parameters "tilematrixset" one value'],
    [`${WMTS.replace('GetTile', '{*}')}&${address}`, 'the parameters "request" one value'],
    [
      { tile: `/wmts?service=WMTS&tilematrixset=web&${address}`, optional: ['Request'] },
      'the parameters "request" one value',
    ],
    [
      {
        tile: `${WMTS}&tilematrix={z}&tilerow={y}&tilecol={x}`,
        tileset: 'a',
        optional: ['LAYER'],
      },
      'must not list "layer" as optional',
    ],
    [
      { tile: `${WMTS}&${address}`, optional: ['style', 'SLD_BODY'] },
      'must not list "sld_body" as optional',
    ],
    [{ document: '/ows?service=WMTS' }, 'the parameters "request" one value'],
    [{ document: '/ows?service=WMS&request={*}' }, 'the parameters "request" one value'],
    [{ document: '/ows?request={*}&layers={tileset}' }, 'the parameters "request" one value'],
    [{ document: '/ows?service={*}&request=GetMap' }, 'the parameters "service" one value'],
    [
      { document: '/ows?service=WMS&request=GetLegendGraphic', optional: ['layers'] },
      'must not list "layers" as optional',
    ],
  ])('%j', (rule, message) => {
    expect(() => compileTileRules(rule)).toThrow(message)
  })

  test.each<TileRule>([
    `${WMTS}&${address}`,
    { tile: `${WMTS}&${address}`, optional: ['version', 'style', 'format', 'time'] },
    { document: '/wmts?service=WMTS&request=GetCapabilities' },
    { document: '/wms?service=WMS&request=GetLegendGraphic&layer={tileset}' },
    '/tiles?layer={tileset}&z={z}&y={y}&x={x}',
    { document: '/status?service={*}' },
  ])('%j is complete', (rule) => {
    expect(() => compileTileRules(rule)).not.toThrow()
  })
})
