import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  readRecipe,
  startBroker,
  startUpstream,
} from '../support/servers/gateways.ts'
import { send } from '../support/servers/raw-request.ts'

/**
 * Debian has no package of Traefik, so a server stands in for it. It sends the headers that Traefik's
 * documentation of ForwardAuth names to the address of the recipe, and passes on the response headers
 * that the recipe lists.
 */
const gateways = createGateways()
const grants = {
  default: { account: 'demo', scope: 'tiles:read' },
  open: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['open'], maxzoom: 3 } },
}

describe('a gateway that sends the requests of Traefik', () => {
  let url = ''
  const tokens = { full: '', open: '' }

  beforeAll(async () => {
    const { address, mint } = await startBroker(gateways, { grants })
    const addresses = { broker: address, tileserver: '', port: await findFreePort() }
    const recipe = readRecipe('traefik/dynamic.yml', addresses)
    const verify = /address: (\S+)/.exec(recipe)?.[1] ?? ''
    const list = /authResponseHeaders:\n((?: +- \S+\n)+)/.exec(recipe)?.[1] ?? ''
    const passed = [...list.matchAll(/- (\S+)/g)].map(([, name = '']) => name.toLowerCase())
    expect(passed).toHaveLength(3)
    const gateway = await startUpstream(gateways, (client, response) => {
      const headers = {
        ...client.headers,
        'x-forwarded-method': client.method,
        'x-forwarded-proto': 'http',
        'x-forwarded-host': client.headers.host,
        'x-forwarded-uri': client.url,
        'x-forwarded-for': client.socket.remoteAddress,
      }
      request(verify, { headers }, (answer) => {
        const isGood = (answer.statusCode ?? 0) < 300
        if (!isGood) {
          response.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(response)
          return
        }
        const identity = passed.map((name) => [name, answer.headers[name] ?? ''])
        response.end(JSON.stringify(Object.fromEntries(identity)))
      }).end()
    })
    url = `http://${gateway}`
    tokens.full = await mint()
    tokens.open = await mint('open')
  })
  afterAll(() => gateways.run())

  const ask = (path: string, token?: string, headers: Record<string, string> = {}) =>
    send(url, path, { ...(token && { authorization: `Bearer ${token}` }), ...headers })

  test('G1: the recipe answers preflights before it asks, because a server may answer them with a tile', () => {
    const recipe = readRecipe('traefik/dynamic.yml', { broker: '', tileserver: '', port: 0 })
    const [, order = ''] = /middlewares: \[(.*)\]/.exec(recipe) ?? []
    expect(order.split(', ').slice(0, 3)).toEqual(['cors', 'only-ours', 'tilepass'])
    expect(recipe).toMatch(/cors:\n +headers:\n +accessControlAllowOriginList: \["\*"\]/)
  })

  test('lets a permitted request pass and learns the identity', async () => {
    const answer = await ask('/data/open/3/4/2.pbf', tokens.open)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      'x-tilepass-subject': expect.stringMatching(/^tok_short_/),
      'x-tilepass-scope': 'tiles:read',
    })
  })

  test.each([
    ['/data/open/3/4/2.pbf', 'none', 401],
    ['/data/open/4/4/2.pbf', 'open', 403],
    ['/data/secret/3/4/2.pbf', 'open', 403],
    ['/data/open/../secret/3/4/2.pbf', 'full', 403],
  ] as const)('%s with the token %s is %i', async (path, name, status) => {
    const answer = await ask(path, name === 'none' ? undefined : tokens[name])
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([status, '*'])
  })

  test('G3: an X-Original-Uri of the client is detected and refused', async () => {
    const lie = { 'x-original-uri': '/data/open/3/4/2.pbf' }
    expect((await ask('/data/secret/3/4/2.pbf', tokens.open, lie)).status).toBe(403)
    expect((await ask('/data/secret/3/4/2.pbf', tokens.full, lie)).status).toBe(403)
  })
})
