import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { demoData } from '../support/repository.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import { createGateways, startBroker, startNginxWith } from '../support/servers/gateways.ts'
import { send } from '../support/servers/raw-request.ts'
import { findSnippet, readShownFiles } from '../support/snippets.ts'

const PAGE = 'docs/broker/behind-a-proxy.md'
const gateways = createGateways()

describe.skipIf(findProgram('nginx') === undefined)(
  'the broker behind nginx, as its page says',
  () => {
    let url = ''
    beforeAll(async () => {
      const settings = JSON.parse(readShownFiles(PAGE).get('tilepass.json') ?? '{}')
      const port = await findFreePort()
      const { address } = await startBroker(gateways, {
        ...settings,
        demo: true,
        grants: { default: { ...settings.grants.default, account: 'demo' } },
        tilesets: { world: { path: demoData('world.pmtiles') } },
      })
      const { code } = findSnippet(PAGE, 'Behind a proxy', 'nginx')
      const server = `server { listen 127.0.0.1:8000; access_log off; ${code} }`
      const text = `daemon off; pid nginx.pid; error_log stderr crit; events {} http { ${server} }`
      url = await startNginxWith(gateways, text, { broker: address, tileserver: '', port })
    })
    afterAll(() => gateways.run())

    const askForToken = (headers: Record<string, string>) =>
      send(url, '/map-token', headers, 'POST')

    test('pages of the public URL get a token, with which the tiles open; others get none', async () => {
      const page = { host: 'maps.example', origin: 'https://maps.example' }
      const { status, body } = await askForToken(page)
      expect(status).toBe(200)
      const authorization = `Bearer ${JSON.parse(body.toString()).access_token}`
      const tile = '/v1/tiles/world/0/0/0.mvt'
      expect((await send(url, tile, {})).status).toBe(401)
      expect((await send(url, tile, { authorization })).status).toBe(200)
      const tileJson = await send(url, '/v1/tiles/world/metadata', { ...page, authorization })
      const [template] = JSON.parse(tileJson.body.toString()).tiles
      expect(template).toBe('https://maps.example/v1/tiles/world/{z}/{x}/{y}.mvt')
      expect((await askForToken({ ...page, origin: 'https://evil.example' })).status).toBe(403)
    })

    test('guards on other servers and "tilepass doctor" can read the keys', async () => {
      const { status, body } = await send(url, '/.well-known/jwks.json', {})
      expect([status, JSON.parse(body.toString()).keys.length]).toEqual([200, 1])
    })

    test('what is not forwarded cannot be reached', async () => {
      for (const path of ['/readyz', '/verify', '/oauth/token'])
        expect([path, (await send(url, path, {})).status]).toEqual([path, 404])
    })
  },
)
