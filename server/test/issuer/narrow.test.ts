import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSourceAllowed } from '../../src/issuer/mapbox/allowed-urls.ts'
import { isRestricted, judgeChange, narrow, type Rights } from '../../src/issuer/narrow.ts'

const APPS = [{ bundleId: 'com.example', platform: 'iOS' }]
const scopes = ['a']

describe('X12: what a token may make', () => {
  const CASES: readonly [string, Rights, Partial<Rights>, Rights | keyof Rights][] = [
    // scopes
    ['all of its scopes', { scopes: ['a', 'b'] }, {}, { scopes: ['a', 'b'] }],
    ['some of its scopes', { scopes: ['a', 'b'] }, { scopes: ['b'] }, { scopes: ['b'] }],
    ['no scopes', { scopes }, { scopes: [] }, { scopes: [] }],
    ['another scope', { scopes }, { scopes: ['a', 'c'] }, 'scopes'],
    ['a scope in another case', { scopes }, { scopes: ['A'] }, 'scopes'],
    // exp
    ['an end of its choice, if it never ends', { scopes }, { exp: 9 }, { scopes, exp: 9 }],
    ['the same end', { scopes, exp: 9 }, {}, { scopes, exp: 9 }],
    ['an earlier end', { scopes, exp: 9 }, { exp: 8 }, { scopes, exp: 8 }],
    ['a later end', { scopes, exp: 9 }, { exp: 10 }, 'exp'],
    ['no end', { scopes, exp: 9 }, { exp: undefined }, 'exp'],
    // tiles
    [
      'further members of tile claims',
      { scopes, tiles: { tilesets: ['t'] } },
      { tiles: { maxzoom: 3 } },
      { scopes, tiles: { tilesets: ['t'], maxzoom: 3 } },
    ],
    [
      'another tileset',
      { scopes, tiles: { tilesets: ['t'] } },
      { tiles: { tilesets: ['u'] } },
      'tiles',
    ],
    ['a higher zoom', { scopes, tiles: { maxzoom: 3 } }, { tiles: { maxzoom: 4 } }, 'tiles'],
    [
      'inherited tile claims',
      { scopes, tiles: { maxzoom: 3 } },
      { tiles: undefined },
      { scopes, tiles: { maxzoom: 3 } },
    ],
    // allowedUrls
    ['inherited URLs', { scopes, allowedUrls: ['a.b'] }, {}, { scopes, allowedUrls: ['a.b'] }],
    [
      'URLs below its own',
      { scopes, allowedUrls: ['https://a.b/x', 'c.d'] },
      { allowedUrls: ['https://s.a.b/x/y', 'http://c.d'] },
      { scopes, allowedUrls: ['https://s.a.b/x/y', 'http://c.d'] },
    ],
    ['every page', { scopes, allowedUrls: ['a.b'] }, { allowedUrls: [] }, 'allowedUrls'],
    [
      'another host',
      { scopes, allowedUrls: ['a.b'] },
      { allowedUrls: ['a.b', 'c.d'] },
      'allowedUrls',
    ],
    [
      'the domain above',
      { scopes, allowedUrls: ['s.a.b'] },
      { allowedUrls: ['a.b'] },
      'allowedUrls',
    ],
    ['a similar host', { scopes, allowedUrls: ['a.b'] }, { allowedUrls: ['xa.b'] }, 'allowedUrls'],
    ['the path above', { scopes, allowedUrls: ['a.b/x'] }, { allowedUrls: ['a.b'] }, 'allowedUrls'],
    [
      'a similar path',
      { scopes, allowedUrls: ['a.b/x'] },
      { allowedUrls: ['a.b/xy'] },
      'allowedUrls',
    ],
    ['another port', { scopes, allowedUrls: ['a.b'] }, { allowedUrls: ['a.b:81'] }, 'allowedUrls'],
    [
      'both schemes',
      { scopes, allowedUrls: ['https://a.b'] },
      { allowedUrls: ['a.b'] },
      'allowedUrls',
    ],
    // resources and applications, which only equal themselves
    ['inherited resources', { scopes, resources: ['r'] }, {}, { scopes, resources: ['r'] }],
    [
      'some resources',
      { scopes, resources: ['r', 's'] },
      { resources: ['s'] },
      { scopes, resources: ['s'] },
    ],
    ['all resources', { scopes, resources: ['r'] }, { resources: [] }, 'resources'],
    ['another resource', { scopes, resources: ['r'] }, { resources: ['r', 's'] }, 'resources'],
    [
      'inherited applications',
      { scopes, allowedApplications: APPS },
      {},
      { scopes, allowedApplications: APPS },
    ],
    [
      'every application',
      { scopes, allowedApplications: APPS },
      { allowedApplications: [] },
      'allowedApplications',
    ],
    [
      'an application of another platform',
      { scopes, allowedApplications: APPS },
      { allowedApplications: [{ bundleId: 'com.example', platform: 'Android' }] },
      'allowedApplications',
    ],
    [
      'restrictions of its choice, if it has none',
      { scopes },
      { resources: ['r'] },
      { scopes, resources: ['r'] },
    ],
  ]

  test.each(CASES)('%s: %j asks for %j', (_, authority, wanted, expected) => {
    const { rights, exceeded } = narrow(authority, wanted)
    expect(exceeded ?? rights).toEqual(expected)
  })
})

describe('X12: how a token may change another one', () => {
  const CASES: readonly [string, Rights, Rights, Partial<Rights>, keyof Rights | undefined][] = [
    ['nothing', { scopes: [] }, { scopes, resources: ['r'] }, {}, undefined],
    ['fewer scopes', { scopes: [] }, { scopes: ['a', 'b'] }, { scopes }, undefined],
    [
      'a restriction',
      { scopes: [], resources: ['r'] },
      { scopes },
      { allowedUrls: ['a.b'] },
      undefined,
    ],
    ['a scope that it has', { scopes: ['a', 'b'] }, { scopes }, { scopes: ['a', 'b'] }, undefined],
    ['a scope that it lacks', { scopes }, { scopes }, { scopes: ['a', 'b'] }, 'scopes'],
    [
      'a restriction of a token that has no more scopes than it',
      { scopes },
      { scopes, allowedUrls: ['a.b'] },
      { allowedUrls: [] },
      undefined,
    ],
    [
      'a restriction of a token that has more scopes than it',
      { scopes: ['w'] },
      { scopes, allowedUrls: ['a.b'] },
      { allowedUrls: [] },
      'allowedUrls',
    ],
    [
      'its own restriction',
      { scopes, resources: ['r'] },
      { scopes, resources: ['r'] },
      { resources: [] },
      'resources',
    ],
    [
      'one restriction for another one',
      { scopes, resources: ['r'] },
      { scopes, resources: ['r'] },
      { resources: [], allowedUrls: ['a.b'] },
      'resources',
    ],
    [
      'a scope that it has, of a token that is not restricted like it',
      { scopes: ['a', 'b'], allowedUrls: ['a.b'] },
      { scopes },
      { scopes: ['a', 'b'] },
      'scopes',
    ],
  ]

  test.each(CASES)('%s: %j changes %j by %j', (_, authority, current, wanted, exceeded) => {
    expect(judgeChange(authority, current, wanted).exceeded).toBe(exceeded)
  })
})

test.each<[Rights, boolean]>([
  [{ scopes: [], exp: 9 }, false],
  [{ scopes, allowedUrls: [], resources: [], allowedApplications: [] }, false],
  [{ scopes, allowedUrls: ['a.b'] }, true],
  [{ scopes, resources: ['r'] }, true],
  [{ scopes, allowedApplications: APPS }, true],
  [{ scopes, tiles: { maxzoom: 3 } }, true],
])('%j is restricted: %j', (rights, expected) => {
  expect(isRestricted(rights)).toBe(expected)
})

// The oracle is the use: no page may use the child that may not use its maker.
test('X12: whatever URLs a child asks for, no page that its maker refuses may use it', () => {
  const host = fc.constantFrom('a.b', 's.a.b', 'xa.b', 'b', 'c.d', '[::1]', '1.2.3.4', 'A.B')
  const scheme = fc.constantFrom('http://', 'https://')
  const port = fc.constantFrom('', ':80', ':443', ':8080')
  const path = fc.constantFrom('', '/', '/x', '/x/', '/x/y', '/xy', '/%78', '//x', '/./x')
  const join = (parts: readonly string[]) => parts.join('')
  const entry = fc.tuple(fc.oneof(scheme, fc.constant('')), host, port, path).map(join)
  const urls = fc.array(entry, { maxLength: 3 })
  const page = fc.tuple(scheme, host, port, path).map(join)
  const origin = fc.tuple(scheme, host, port).map(join)
  const use = fc.record({ referer: page, origin }, { requiredKeys: [] })
  let judged = 0
  fc.assert(
    fc.property(urls, fc.option(urls, { nil: undefined }), fc.array(use), (held, wanted, uses) => {
      const authority = { scopes, allowedUrls: held }
      const { rights } = narrow(authority, wanted ? { allowedUrls: wanted } : {})
      for (const one of rights ? uses : []) {
        if (!isSourceAllowed(rights?.allowedUrls, one)) continue
        judged++
        expect(isSourceAllowed(held, one)).toBe(true)
      }
    }),
    {
      numRuns: 20_000,
      examples: [
        // One entry of the child stands for two of its maker.
        [['a.b:443', 'a.b:80'], ['a.b'], [{ referer: 'http://a.b', origin: 'https://a.b' }]],
      ],
    },
  )
  expect(judged).toBeGreaterThan(1_000)
})
