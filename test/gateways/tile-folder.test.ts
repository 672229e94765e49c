import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/servers/free-port.ts'
import { createGateways, startBroker, startNginxWith } from '../support/servers/gateways.ts'
import { send } from '../support/servers/raw-request.ts'
import { findSnippet, readShownFiles } from '../support/snippets.ts'

const gateways = createGateways()
const PAGE = 'docs/guard/tile-folder.md'
const files = readShownFiles(PAGE)
const { grants, ...settings } = JSON.parse(files.get('tilepass.json') ?? '{}')

describe.skipIf(findProgram('nginx') === undefined)('nginx in front of a folder of tiles', () => {
  let url = ''
  let endBroker: () => Promise<void>
  const tokens = { full: '', swiss: '' }
  beforeAll(async () => {
    const tiles = mkdtempSync(join(tmpdir(), 'tilepass-tiles-'))
    gateways.add(() => rmSync(tiles, { recursive: true, force: true }))
    for (const path of [
      'world/0/0/0.png',
      'world/4/8/5.png',
      'world.json',
      'index.html',
      'lib/map.js',
    ]) {
      mkdirSync(dirname(join(tiles, path)), { recursive: true })
      writeFileSync(join(tiles, path), path)
    }
    const demo = { ...grants.default, account: 'demo' }
    const swiss = { ...demo, tiles: { tilesets: ['world'], bbox: [5.9, 45.8, 10.5, 47.8] } }
    const port = await findFreePort()
    const own = { ...settings, grants: { default: demo, swiss }, demo: true }
    const { address, broker, mint } = await startBroker(gateways, own)
    endBroker = () => broker.close()
    const page = findSnippet(PAGE, 'A folder of tiles behind nginx', 'nginx', '/lib/').code
    const text = files
      .get('nginx.conf')
      ?.replace('/srv/tiles', tiles)
      .replace('location = /map-token', `${page}\nlocation = /map-token`)
    url = await startNginxWith(gateways, text ?? '', { broker: address, tileserver: '', port })
    tokens.full = await mint()
    tokens.swiss = await mint('swiss')
  })
  afterAll(() => gateways.run())

  const ask = (path: string, token?: string, method = 'GET') =>
    send(url, path, token ? { authorization: `Bearer ${token}` } : {}, method)

  test('without a token it is 401, and with one the tile, private and with a validator', async () => {
    const refused = await ask('/world/4/8/5.png')
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, '*'])
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer/)
    expect(refused.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
    const { status, body, headers } = await ask('/world/4/8/5.png', tokens.full)
    expect([status, body.toString()]).toEqual([200, 'world/4/8/5.png'])
    expect(headers['cache-control']).toBe('private, max-age=3600')
    expect(headers.vary).toBe('Authorization')
    expect(headers.etag).toBeDefined()
  })

  test('the page gets its token on the same host', async () => {
    const { status, body } = await send(url, '/map-token', {}, 'POST')
    expect([status, JSON.parse(body.toString()).token_type]).toEqual([200, 'Bearer'])
  })

  test('the page and its scripts need no token, and neither do the keys', async () => {
    const { status, body } = await ask('/')
    expect([status, body.toString()]).toEqual([200, 'index.html'])
    expect((await ask('/lib/map.js')).status).toBe(200)
    expect((await ask('/.well-known/jwks.json')).status).toBe(200)
  })

  test('a restricted token opens its tiles and documents, and no others', async () => {
    for (const [path, status] of [
      ['/world/4/8/5.png', 200],
      ['/world/0/0/0.png', 200],
      ['/world/4/1/5.png', 403],
      ['/world.json', 200],
      ['/other.json', 403],
      ['/world/../world/4/8/5.png', 403],
      ['/world//4/8/5.png', 403],
    ] as const)
      expect([path, (await ask(path, tokens.swiss)).status]).toEqual([path, status])
    expect((await ask('/_verify', tokens.full)).status).toBe(404)
  })

  test('a preflight needs no token, and other methods do not pass', async () => {
    const preflight = await ask('/world/4/8/5.png', undefined, 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization')
    expect((await ask('/world/4/8/5.png', tokens.full, 'DELETE')).status).toBe(403)
  })

  test('while the broker is down it is 503, and no tile', async () => {
    await endBroker()
    const { status, headers } = await ask('/world/4/8/5.png', tokens.full)
    expect([status, headers['access-control-allow-origin']]).toEqual([503, '*'])
  })
})
