import { fileURLToPath } from 'node:url'
import { decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { readClaims, startBroker } from '../support/broker-under-test.ts'

const demo = (name: string) =>
  fileURLToPath(new URL(`../../../examples/demo-data/${name}`, import.meta.url))
const EARTH = '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60'
/** Switzerland, and only as far as zoom 4. */
const tiles = { tilesets: ['world'], bbox: [5.9, 45.8, 10.5, 47.8], maxzoom: 4 } as const
const OPEN = 'world/4/8/5.mvt'

async function start() {
  const running = await startBroker({
    tilesets: {
      world: { path: demo('world.pmtiles') },
      'world-raster': { path: demo('world-raster.pmtiles') },
    },
    datasets: { earth: { id: EARTH, path: demo('earth.tif'), account: 'demo' } },
    geog: { places: demo('places.geojson') },
    grants: { swiss: { account: 'demo', scope: 'tiles:read', tiles: { ...tiles } } },
  })
  const ask = async (token: string, path: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${running.url}${path}`, { headers })).status
  }
  const createRestricted = async (...args: string[]) => {
    const given = ['--account', 'demo', '--scope', 'tiles:read places:read', ...args]
    return (await running.cli('token', 'create', ...given)).out.trim()
  }
  const exchange = async (subject: string, fields: Record<string, string> = {}) => {
    const response = await fetch(`${running.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: subject,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        ...fields,
      }),
    })
    return { status: response.status, body: await response.json() }
  }
  return { ...running, ask, createRestricted, exchange }
}

const askTile = (running: Awaited<ReturnType<typeof start>>, token: string, path: string) =>
  running.ask(token, `/v1/tiles/${path}`)

describe('a grant for some tiles', () => {
  test('issues tokens that are marked as critical and open only those tiles', async () => {
    const running = await start()
    const { access_token: token } = await (
      await running.post('/map-token', { grant: 'swiss' })
    ).json()
    expect(decodeProtectedHeader(token)).toMatchObject({ crit: ['tiles'], tiles: true })
    expect(readClaims(token).tiles).toEqual(tiles)
    for (const [path, status] of [
      [OPEN, 200],
      ['world/0/0/0.mvt', 200],
      ['world/metadata', 200],
      ['world/4/9/5.mvt', 403],
      ['world/5/16/11.mvt', 403],
      ['world-raster/0/0/0.webp', 403],
      ['world-raster/metadata', 403],
      ['absent/0/0/0.mvt', 403],
      ['world%2f4/8/5.mvt', 403],
      ['world/4/8/5.mvt/', 403],
    ] as const)
      expect([path, await askTile(running, token, path)]).toEqual([path, status])
  })

  test('is refused by a verifier whose caller does not enforce the restriction', async () => {
    const { broker, post } = await start()
    const { access_token: token } = await (await post('/map-token', { grant: 'swiss' })).json()
    await expect(broker.verifier.verify(token)).rejects.toThrow('restricted to other tiles')
    await expect(
      broker.verifier.verify(token, { enforcesTileClaims: true }),
    ).resolves.toMatchObject({
      tiles,
    })
  })
})

describe('an API token for some tiles', () => {
  test('passes its restriction on to exchanged tokens, and opens nothing else', async () => {
    const running = await start()
    const token = await running.createRestricted('--tilesets', 'world', '--maxzoom', '2')
    const child = await (
      await running.post('/v1/auth/token', { tiles: {} }, { authorization: `Bearer ${token}` })
    ).json()
    for (const held of [token, child.access_token]) {
      expect(readClaims(held).tiles).toEqual({ tilesets: ['world'], maxzoom: 2 })
      expect(await askTile(running, held, 'world/2/2/1.mvt')).toBe(200)
      expect(await askTile(running, held, 'world/3/4/2.mvt')).toBe(403)
      expect(await running.ask(held, '/v1/places?q=paris')).toBe(403)
      expect(await running.ask(held, `/datasets/${EARTH}/download/cog`)).toBe(401)
    }
    const asKey = await fetch(`${running.url}/auth/download-token/${EARTH}`, {
      method: 'POST',
      headers: { 'x-api-key': token },
    })
    expect(asKey.status).toBe(401)
  })

  test('is inspected and introspected with its restriction', async () => {
    const { createRestricted, cli, createToken, url } = await start()
    const token = await createRestricted('--bbox', '-10,40,5,50', '--minzoom', '1')
    const { out } = await cli('inspect', token, '--json')
    expect(JSON.parse(out)).toMatchObject({
      valid: true,
      claims: { tiles: { bbox: [-10, 40, 5, 50], minzoom: 1 } },
    })
    const client = await createToken('tiles:read')
    const response = await fetch(`${url}/oauth/introspect`, {
      method: 'POST',
      body: new URLSearchParams({
        token,
        client_id: String(readClaims(client).sub),
        client_secret: client,
      }),
    })
    expect(await response.json()).toMatchObject({ active: true, tiles: { minzoom: 1 } })
  })

  test.each([
    [['--tilesets', 'a, b'], '--tilesets must be names separated by commas without spaces'],
    [['--tilesets', ''], '--tilesets must be a list of different names'],
    [['--tilesets='], 'separated by commas, such as a,b; a name is empty (given: "").'],
    [['--tilesets', 'a,,b'], '; a name is empty (given: "a,,b").'],
    [['--tilesets', 'a,b,a'], 'bytes in total, separated by commas, such as a,b.'],
    [['--bbox', '1,2,3'], '--bbox must be west,south,east,north in degrees'],
    [['--bbox', '[1,2,3,4]'], '(given: "[1,2,3,4]").'],
    [['--bbox', '1', '--maxzoom', '31'], '; --maxzoom must be a whole number'],
    [['--bbox', '0x1,2,3,4'], '--bbox must be'],
    [['--minzoom', '31'], '--minzoom must be a whole number from 0 to 30'],
    [['--maxzoom', ''], '--maxzoom must be'],
    [['--minzoom', '5', '--maxzoom', '4'], '--minzoom must not be greater than --maxzoom.'],
    [['--format', 'mapbox', '--maxzoom', '4'], '--maxzoom requires --format jwt'],
  ])('%j is refused on the command line', async (args, message) => {
    const { cli } = await start()
    const given = ['--account', 'demo', '--scope', 'tiles:read', ...args]
    const result = await cli('token', 'create', ...given)
    expect([result.code, result.out]).toEqual([2, ''])
    expect(result.error).toContain(message)
  })

  test('can be created over HTTP by an operator', async () => {
    const { post, createToken } = await start()
    const headers = { authorization: `Bearer ${await createToken('admin:access tiles:read')}` }
    const order = { account: 'demo', scope: 'tiles:read' }
    const made = await post('/v1/admin/tokens', { ...order, tiles: { maxzoom: 3 } }, headers)
    expect(readClaims((await made.json()).token).tiles).toEqual({ maxzoom: 3 })
    const refused = await post('/v1/admin/tokens', { ...order, tiles: { maxzoom: 99 } }, headers)
    expect([refused.status, (await refused.json()).message]).toEqual([
      400,
      '"tiles.maxzoom" must be a whole number from 0 to 30',
    ])
  })
})

describe('X1: an OAuth exchange', () => {
  test('restricts a full token, and a restricted one further', async () => {
    const { createToken, createRestricted, exchange } = await start()
    const full = await exchange(await createToken('tiles:read'), {
      tilesets: 'world,world-raster',
      bbox: '5.9,45.8,10.5,47.8',
      minzoom: '1',
      maxzoom: '4',
    })
    expect(readClaims(full.body.access_token).tiles).toEqual({
      tilesets: ['world', 'world-raster'],
      bbox: [5.9, 45.8, 10.5, 47.8],
      minzoom: 1,
      maxzoom: 4,
    })
    const held = await createRestricted('--tilesets', 'world', '--maxzoom', '5')
    const narrowed = await exchange(held, { maxzoom: '3' })
    expect(readClaims(narrowed.body.access_token).tiles).toEqual({
      tilesets: ['world'],
      maxzoom: 3,
    })
    const same = await exchange(held)
    expect(readClaims(same.body.access_token).tiles).toEqual({ tilesets: ['world'], maxzoom: 5 })
  })

  test('never widens', async () => {
    const { createRestricted, exchange } = await start()
    const held = await createRestricted(
      ...['--tilesets', 'world', '--bbox', '0,0,10,10', '--minzoom', '2', '--maxzoom', '5'],
    )
    for (const wider of [
      { tilesets: 'world,world-raster' },
      { tilesets: 'World' },
      { bbox: '0,0,10,11' },
      { bbox: '10,0,0,10' },
      { minzoom: '1' },
      { maxzoom: '6' },
    ]) {
      const { status, body } = await exchange(held, { ...wider })
      expect([status, body.error]).toEqual([400, 'invalid_scope'])
    }
  })

  test('names the invalid parameter', async () => {
    const { createToken, exchange } = await start()
    const subject = await createToken('tiles:read')
    const { status, body } = await exchange(subject, { bbox: '0,0,0,10' })
    expect([status, body.error]).toEqual([400, 'invalid_request'])
    expect(body.error_description).toMatch(/^'bbox' must be \[west, south, east, north\]/)
  })
})
