import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findCanonicalTarget } from '../../src/tiles/canonical-path.ts'
import { findQueryParameters, formatQuery } from '../../src/tiles/query.ts'
import { compileTileRules } from '../../src/tiles/tile-rules.ts'
import { ODD_NAMES } from '../support/odd-names.ts'
import { queryReaders } from '../support/query-readers.ts'

describe('G1: a query with only one reading is accepted', () => {
  test.each<[string, Record<string, string>]>([
    ['', {}],
    ['layer=world&z=0', { layer: 'world', z: '0' }],
    ['LAYER=world', { LAYER: 'world' }],
    ['style=', { style: '' }],
    ['format=image/png', { format: 'image/png' }],
    ['format=image%2Fpng', { format: 'image/png' }],
    ['viewparams=a:1%3Bb:2', { viewparams: 'a:1;b:2' }],
    ['a=%2B%20%26%3D%3F%23%25', { a: '+ &=?#%' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=%c3%bc', { a: 'ü' }],
    ["a_b-c=1.2~!$'()*,:@/", { 'a_b-c': "1.2~!$'()*,:@/" }],
  ])('%s', (query, expected) => {
    const parameters = findQueryParameters(query)
    expect(Object.fromEntries(parameters?.map(({ name, value }) => [name, value]) ?? [])).toEqual(
      expected,
    )
    expect(findQueryParameters(formatQuery(parameters ?? []))).toEqual(parameters)
  })
})

const ODD_COLUMNS = ['t%C4%B1lecol', 'T%C4%B0LECOL', 'tilecol%00', 'tilecol[]', '%20tilecol']
/** The Kelvin sign and the long s fold to k and s. */
const FOLDED = ['to%E2%84%AAen', '%C5%BFtyle', 'token%C5%BF']

const WMTS = '/wmts?service=WMTS&request=GetTile&tilematrixset=web'
const REST = 'tilematrix=4&tilerow=5&tilecol=8'

describe('G1: a query that two servers could read in two ways is refused', () => {
  const find = compileTileRules({
    tile: `${WMTS}&layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}`,
    optional: ['style', 'token', 'v'],
  })
  const judge = (query: string) => {
    const target = findCanonicalTarget(`${WMTS}&${query}`)
    return target && find(target)
  }

  test('which is not the plain one', () => {
    const expected = { kind: 'tile', tileset: 'world', z: 4, x: 8, y: 5 }
    expect(judge(`layer=world&${REST}`)).toEqual(expected)
    expect(judge(`style=default&LAYER=world&${REST}&v=`)).toEqual(expected)
  })

  test.each(ODD_NAMES)('a second layer as %s', (name) => {
    expect(judge(`${name}=secret&layer=world&${REST}`)).toBeUndefined()
    expect(judge(`layer=world&${name}=secret&${REST}`)).toBeUndefined()
    expect(judge(`layer=world&${REST}&${name}=secret`)).toBeUndefined()
  })

  test.each(ODD_NAMES.filter((name) => !/^layer$/i.test(name)))('the only layer as %s', (name) => {
    expect(judge(`${name}=world&${REST}`)).toBeUndefined()
  })

  test.each([...ODD_COLUMNS, ...FOLDED])('another spelling of a known name: %s', (name) => {
    expect(judge(`layer=world&${REST}&${name}=0`)).toBeUndefined()
  })

  test.each([
    'world%00',
    'world%00secret',
    'world;layer=secret',
    'world;',
    'world+',
    'wor+ld',
    '%77orld',
    'world%0a',
    'world%7f',
    'world%C2%85',
    'world%',
    'world%2',
    'world%u0041',
    'world%C0%AF',
    'world%ff',
    'world%ED%A0%80',
    'world?layer=secret',
    'world?',
    'world\\',
    'world|',
    'world[',
    'world{',
    'world"',
    'world<',
    'world^',
    'world`',
    'world\tsecret',
    'world#',
    'world secret',
    'wörld',
    ' world',
  ])('the value %j', (value) => {
    expect(findQueryParameters(`layer=${value}`)).toBeUndefined()
    expect(judge(`layer=${value}&${REST}`)).toBeUndefined()
    expect(judge(`layer=world&${REST}&style=${value}`)).toBeUndefined()
  })

  test.each(['05', '+5', '5.0', '0x5', '5e0', '-0', '%205', '5%20', '%35', '5%00', '5,6', ''])(
    'the row %j',
    (row) => {
      expect(judge(`layer=world&tilematrix=4&tilerow=${row}&tilecol=8`)).toBeUndefined()
    },
  )

  test.each(['&a=1', 'a=1&', 'a=1&&b=1', '&', 'a', '=', '=a', 'a&b=1', 'a=1&a=1', 'a=1&A=1'])(
    'the query %s',
    (query) => {
      expect(findQueryParameters(query)).toBeUndefined()
    },
  )
})

describe('G1: what is admitted, every server reads alike', () => {
  const rule = '/q?layer={tileset}&z={z}&y={y}&x={x}'
  const find = compileTileRules({ tile: rule, optional: ['style', 'kind', 'v'] })
  const name = fc.constantFrom(...ODD_NAMES, ...FOLDED, 'style', 'kind', 'z', 'y', 'x', 'v')
  const value = fc.oneof(
    fc.constantFrom('world', 'secret', '0', '1', '2', '', '%3B', 'a;b', '%00', '+', '%2B', '%26'),
    fc.string({ maxLength: 4 }),
    fc.string({ maxLength: 3, unit: 'grapheme' }).map(encodeURIComponent),
    fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
  )
  const plain = [
    ['layer', 'world'],
    ['z', '2'],
    ['y', '1'],
    ['x', '3'],
  ]
  const queries = fc
    .tuple(
      fc.array(fc.tuple(name, value), { maxLength: 3 }),
      fc.constantFrom('&', '&', '&', '&', ';', '&amp;', '&&', '?'),
      fc.array(fc.nat(6), { minLength: 7, maxLength: 7 }),
    )
    .map(([extra, separator, order]) =>
      [...plain, ...extra]
        .map((pair, index) => ({ pair, place: order[index] ?? 0 }))
        .sort((a, b) => a.place - b.place)
        .map(({ pair }) => pair.join('='))
        .join(separator),
    )

  test.each(Object.entries(queryReaders))('%s', (_, read) => {
    let admitted = 0
    fc.assert(
      fc.property(queries, (query) => {
        const target = findCanonicalTarget(`/q?${query}`)
        const resource = target && find(target)
        if (!target || resource?.kind !== 'tile') return
        admitted++
        const parameters = findQueryParameters(target.query) ?? []
        for (const text of [target.query, formatQuery(parameters)]) {
          // Whether case counts is the only difference that remains, and names are unique in any case.
          const seen = [...read(text)].map(([key, values]) => [key.toLowerCase(), ...values])
          expect(seen.sort()).toEqual(
            parameters.map(({ name, value }) => [name.toLowerCase(), value]).sort(),
          )
          const asRead = new Map(seen.map(([key = '', ...values]) => [key, values]))
          const { tileset, z, x, y } = resource
          expect(asRead.get('layer')).toEqual([tileset])
          expect(['z', 'x', 'y'].map((key) => asRead.get(key))).toEqual(
            [z, x, y].map((number) => [String(number)]),
          )
        }
      }),
      { numRuns: 3_000 },
    )
    expect(admitted).toBeGreaterThan(100)
  })
})
