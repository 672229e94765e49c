import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ODD_NAMES } from '../../packages/guard/test/support/odd-names.ts'
import { findProgram } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/servers/free-port.ts'
import { createGateways, startBroker, startNginx } from '../support/servers/gateways.ts'
import { startMapCache, toLabel } from '../support/servers/mapcache.ts'
import { sendBytes } from '../support/servers/raw-request.ts'

const gateways = createGateways()
const WMTS = 'SERVICE=WMTS&REQUEST=GetTile&TILEMATRIXSET=GoogleMapsCompatible'
const verify = {
  peers: ['127.0.0.1'],
  tiles: [
    {
      tile: `/wmts?${WMTS}&layer={tileset}&tilematrix={z}&tilerow={y}&tilecol={x}`,
      optional: ['version', 'style', 'format'],
    },
    '/wmts/1.0.0/{tileset}/{*}/GoogleMapsCompatible/{z}/{y}/{x}.png',
  ],
}
const grants = {
  default: { account: 'demo', scope: 'tiles:read' },
  world: {
    account: 'demo',
    scope: 'tiles:read',
    tiles: { tilesets: ['world'], minzoom: 4, bbox: [1, 50, 2, 51] as const },
  },
}
const OPEN = { tileset: 'world', z: 4, x: 8, y: 5 }
const CLOSED = [
  { tileset: 'world', z: 0, x: 0, y: 0 },
  { tileset: 'world', z: 4, x: 0, y: 0 },
  { tileset: 'secret', z: 0, x: 0, y: 0 },
  { tileset: 'secret', z: 4, x: 8, y: 5 },
  { tileset: 'secret', z: 4, x: 0, y: 0 },
]
const DETAILS = 'VERSION=1.0.0&STYLE=default&FORMAT=image/png'
const QUERY = `${WMTS}&${DETAILS}&layer=world&tilematrix=4&tilerow=5&tilecol=8`
const PATH = '/wmts/1.0.0/world/default/GoogleMapsCompatible/4/5/8.png'

/** Odd queries for the closed tileset, or for a closed tile of the open one. */
const oddQueries = ODD_NAMES.flatMap((name) => {
  const other = (parameter: string) => name.replace(/layer/gi, parameter)
  const first = `${name}=secret`
  const all = `${first}&${other('tilerow')}=0&${other('tilecol')}=0`
  return [`${first}&${QUERY}`, `${QUERY}&${first}`, `${all}&${QUERY}`, `${QUERY}&${all}`]
})

const canRun = findProgram('nginx') !== undefined && findProgram('mapcache') !== undefined

describe.skipIf(!canRun)(
  'G1: MapCache behind nginx serves exactly the tile that was judged',
  () => {
    const ports = { nginx: 0, mapcache: 0 }
    let token = ''
    let full = ''

    beforeAll(async () => {
      ports.nginx = await findFreePort()
      const { address, mint } = await startBroker(gateways, { grants, verify })
      const tileserver = await startMapCache(gateways, [OPEN, ...CLOSED])
      ports.mapcache = Number(tileserver.split(':')[1])
      await startNginx(gateways, { broker: address, tileserver, port: ports.nginx })
      token = await mint('world')
      full = await mint()
    })
    afterAll(() => gateways.run())

    const ask = async (target: string, jwt = token, port = ports.nginx) => {
      const answer = await sendBytes(port, target, jwt)
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
      return { status, tile: /tile of .*\./.exec(answer)?.[0] }
    }

    test('a tile that the token permits is served, by query and by path', async () => {
      const served = { status: 200, tile: toLabel(OPEN) }
      expect(await ask(`/wmts?${QUERY}`)).toEqual(served)
      expect(
        await ask(`/wmts?${QUERY.toLowerCase().replace('googlemapscompatible', 'x')}`),
      ).toEqual({
        status: 403,
        tile: undefined,
      })
      expect(await ask(PATH)).toEqual(served)
      const closed = QUERY.replace('world', 'secret')
      expect(await ask(`/wmts?${closed}`)).toEqual({ status: 403, tile: undefined })
      expect((await ask(`/wmts?${closed}`, full)).tile).toBe(
        toLabel({ ...OPEN, tileset: 'secret' }),
      )
    })

    test('none of 200 odd queries opens another tile, though MapCache alone serves several', async () => {
      expect(oddQueries.length).toBeGreaterThan(200)
      let opened = 0
      for (const query of oddQueries) {
        expect({ query, ...(await ask(`/wmts?${query}`)) }).toMatchObject({
          query,
          tile: undefined,
        })
        const { tile } = await ask(`/wmts?${query}`, full, ports.mapcache)
        if (tile !== undefined && tile !== toLabel(OPEN)) opened++
      }
      expect(opened).toBeGreaterThan(10)
    }, 120_000)

    test.each([
      ['a query beside a path', `${PATH}?${QUERY.replace('world', 'secret')}`, true],
      ['another grid', `/wmts?${QUERY.replace('GoogleMapsCompatible', 'WGS84')}`, false],
      ['another operation', `/wmts?${QUERY.replace('GetTile', 'GetCapabilities')}`, false],
      ['another service', `/?${QUERY.replace('WMTS', 'WMS')}&layers=secret`, false],
    ])('%s is refused', async (_, target, isOpenAlone) => {
      expect(await ask(target)).toEqual({ status: 403, tile: undefined })
      const alone = await ask(target, full, ports.mapcache)
      expect(alone.tile?.includes('secret') ?? false).toBe(isOpenAlone)
    })

    test('whatever is admitted, MapCache reads as the guard did', async () => {
      const parameters = QUERY.split('&')
      const name = fc.constantFrom(...ODD_NAMES, 'version', 'style', 'format', 'tilerow', 'tilecol')
      const value = fc.constantFrom('secret', 'world', '0', 'image/png', '', 'a%3Blayer', '%00')
      const kept = fc.oneof(
        fc.shuffledSubarray(parameters, { minLength: parameters.length }),
        fc.shuffledSubarray(parameters, { minLength: parameters.length - 3 }),
      )
      const odd = fc.oneof(fc.constant([]), fc.array(fc.tuple(name, value), { maxLength: 2 }))
      const queries = fc
        .tuple(kept, odd)
        .map(([kept, odd]) => [...kept, ...odd.map((pair) => pair.join('='))].join('&'))
      let served = 0
      await fc.assert(
        fc.asyncProperty(queries, async (query) => {
          const { tile } = await ask(`/wmts?${query}`)
          if (tile === undefined) return
          served++
          expect(tile).toBe(toLabel(OPEN))
        }),
        { numRuns: 300 },
      )
      expect(served).toBeGreaterThan(5)
    }, 120_000)
  },
)
