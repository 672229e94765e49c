import type { IncomingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  startBroker,
  startCaddy,
  startUpstream,
} from '../support/servers/gateways.ts'
import { askPreflight, PREFLIGHT_HEADERS } from '../support/servers/preflight-headers.ts'
import { send } from '../support/servers/raw-request.ts'

const gateways = createGateways()
const grants = {
  default: { account: 'demo', scope: 'tiles:read' },
  open: { account: 'demo', scope: 'tiles:read', tiles: { tilesets: ['open'], maxzoom: 3 } },
}

describe.skipIf(!findProgram('caddy'))('Caddy and the broker', () => {
  const served: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  let url = ''
  const tokens = { full: '', open: '' }
  beforeAll(async () => {
    const port = await findFreePort()
    const { address, mint } = await startBroker(gateways, { grants })
    const tileserver = await startUpstream(gateways, (request, response) => {
      served.push({ url: request.url, headers: request.headers })
      response.setHeader('Access-Control-Allow-Origin', '*').end('tile')
    })
    url = await startCaddy(gateways, { broker: address, tileserver, port })
    tokens.full = await mint()
    tokens.open = await mint('open')
  })
  afterAll(() => gateways.run())

  const ask = async (path: string, token?: string, headers: Record<string, string> = {}) => {
    served.length = 0
    return send(url, path, { ...(token && { authorization: `Bearer ${token}` }), ...headers })
  }

  test('a tile passes with a token, and the token stays at the gateway', async () => {
    const answer = await ask('/data/open/3/4/2.pbf', tokens.open)
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'private, max-age=3600'])
    expect(served).toMatchObject([
      {
        url: '/data/open/3/4/2.pbf',
        headers: {
          'x-tilepass-subject': expect.stringMatching(/^tok_short_/),
          'x-tilepass-scope': 'tiles:read',
        },
      },
    ])
    expect(served[0]?.headers.authorization).toBeUndefined()
  })

  test('refusals reach a page of another origin unchanged', async () => {
    for (const [path, token, status] of [
      ['/data/open/3/4/2.pbf', undefined, 401],
      ['/data/open/3/4/2.pbf', 'x', 401],
      ['/data/open/4/4/2.pbf', tokens.open, 403],
      ['/data/secret/3/4/2.pbf', tokens.open, 403],
      ['/data//open/3/4/2.pbf', tokens.full, 403],
      ['/data/%6fpen/3/4/2.pbf', tokens.full, 403],
    ] as const) {
      const answer = await ask(path, token)
      expect([path, answer.status]).toEqual([path, status])
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(served).toEqual([])
    }
  })

  test('G2: an identity that the client claims is overwritten, in any spelling', async () => {
    const claims = {
      'x-tilepass-subject': 'admin',
      x_tilepass_subject: 'admin',
      'X-TILEPASS-ORGANIZATION': 'admin',
    }
    await ask('/data/open/3/4/2.pbf', tokens.full, claims)
    expect(JSON.stringify(served)).not.toContain('admin')
    const connection = 'close, X-Tilepass-Subject, X-Tilepass-Organization, X-Tilepass-Scope'
    await ask('/data/open/3/4/2.pbf', tokens.full, { connection })
    expect(served[0]?.headers).toMatchObject({
      'x-tilepass-subject': expect.stringMatching(/^tok_short_/),
      'x-tilepass-organization': expect.stringMatching(/./),
      'x-tilepass-scope': 'tiles:read',
    })
  })

  test('G3: request headers of the client that describe the request are ignored', async () => {
    const lies = {
      'x-forwarded-uri': '/data/open/3/4/2.pbf',
      'x-original-uri': '/data/open/3/4/2.pbf',
      'x-forwarded-method': 'OPTIONS',
    }
    expect((await ask('/data/secret/3/4/2.pbf', tokens.open, lies)).status).toBe(403)
    expect(served).toEqual([])
  })

  test('a preflight passes', async () => {
    const page = { origin: 'https://maps.example', 'access-control-request-method': 'GET' }
    const answer = await send(url, '/data/open/3/4/2.pbf', page, 'OPTIONS')
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': expect.stringContaining('Authorization'),
    })
  })

  test.each(PREFLIGHT_HEADERS)('a preflight may ask for %s: %j', async (requested, isAllowed) => {
    const allowed = await askPreflight(url, '/data/open/3/4/2.pbf', requested)
    expect(allowed).toMatch(/^Authorization, /)
    expect(allowed.includes(requested)).toBe(isAllowed)
  })

  test('G1: no request without a token reaches the tile server, whatever its method', async () => {
    const page = { origin: 'https://maps.example', 'access-control-request-method': 'GET' }
    served.length = 0
    for (const method of ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'PATCH'])
      for (const headers of [{}, page, { ...page, 'access-control-request-method': '' }])
        await send(url, '/data/secret/3/4/2.pbf', headers, method)
    expect(served).toEqual([])
  })

  test('G1: headers by which a server could read another request stay at the gateway', async () => {
    const path = '/data/secret/3/4/2.pbf'
    const headers = { 'x-rewrite-url': path, 'content-type': 'application/x-www-form-urlencoded' }
    await ask('/data/open/3/4/2.pbf', tokens.open, headers)
    expect(served).toHaveLength(1)
    for (const name of Object.keys(headers)) expect(served[0]?.headers[name]).toBeUndefined()
  })
})
