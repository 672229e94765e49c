import type { IncomingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/servers/free-port.ts'
import {
  createGateways,
  startBroker,
  startNginx,
  startUpstream,
} from '../support/servers/gateways.ts'
import { send } from '../support/servers/raw-request.ts'

const gateways = createGateways()

describe.skipIf(!findProgram('nginx'))('the server behind nginx', () => {
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  let url = ''
  let token = ''
  beforeAll(async () => {
    const port = await findFreePort()
    const budgets = { requestsPerSecond: 20 }
    const { address, mint } = await startBroker(gateways, { budgets })
    const tileserver = await startUpstream(gateways, (request, response) => {
      seen.push({ url: request.url, headers: request.headers })
      response.end('ok')
    })
    url = await startNginx(gateways, { broker: address, tileserver, port })
    token = await mint()
  })
  afterAll(() => gateways.run())

  test('G2: gets the identity from the broker, never from the client, in any spelling', async () => {
    await send(url, '/data/world.json', {
      authorization: `Bearer ${token}`,
      'X-Tilepass-Subject': 'admin',
      'x-tilepass-organization': 'admin',
      X_Tilepass_Scope: 'admin',
      x_tilepass_subject: 'admin',
    })
    const { headers } = seen.at(-1) ?? { headers: {} }
    expect(headers).toMatchObject({
      'x-tilepass-subject': expect.stringMatching(/^tok_short_/),
      'x-tilepass-organization': expect.stringMatching(/^org_/),
      'x-tilepass-scope': 'tiles:read',
    })
    expect(JSON.stringify(headers)).not.toContain('admin')
  })

  test('P6: gets no token in a header, the query or a cookie', async () => {
    seen.length = 0
    await send(url, `/data/world.json?a=1&access_token=${token}`, { cookie: `token=${token}` })
    await send(url, '/data/world.json?a=1', { authorization: `Bearer ${token}` })
    expect(seen).toHaveLength(2)
    expect(seen.map(({ url }) => url)).toEqual(['/data/world.json?a=1', '/data/world.json?a=1'])
    expect(JSON.stringify(seen)).not.toContain(token)
  })

  test('answers with the id of the request, once, also to what is refused', async () => {
    for (const [path, given, status] of [
      ['/data/world.json', token, 200],
      ['/data/world.json', 'x', 401],
      ['/data//world.json', token, 400],
      ['/map-token', token, 405],
    ] as const) {
      const answer = await send(url, path, { authorization: `Bearer ${given}` })
      const id = expect.stringMatching(/^[0-9a-f]{32}$/)
      expect([path, answer.status, answer.headers['x-request-id']]).toEqual([path, status, id])
    }
  })

  test('G1: gets no body and no header by which it could read another request', async () => {
    seen.length = 0
    const path = '/data/secret/3/4/2.pbf'
    const headers = {
      'x-rewrite-url': path,
      'x-original-url': path,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '0',
    }
    await send(url, '/data/world.json', { ...headers, authorization: `Bearer ${token}` })
    expect(seen).toHaveLength(1)
    for (const name of Object.keys(headers)) expect(seen[0]?.headers[name]).toBeUndefined()
  })

  test('G1: gets no request without a token, whatever its method', async () => {
    seen.length = 0
    const page = { origin: 'https://maps.example', 'access-control-request-method': 'GET' }
    for (const method of ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'])
      for (const headers of [{}, page, { ...page, 'access-control-request-method': '' }])
        await send(url, '/data/secret/3/4/2.pbf', headers, method)
    expect(seen).toEqual([])
  })

  test('T12: is behind refusals in JSON, of which a 401 carries its challenge once', async () => {
    const other = { authorization: `Bearer ${token}` }
    for (const [target, headers, status, method] of [
      ['/data/world/3/4/2.pbf', {}, 401, 'GET'],
      ['/data/world/3/4/2.pbf', { authorization: 'Bearer x' }, 401, 'GET'],
      ['/archives/world.pmtiles', {}, 401, 'GET'],
      ['/data//world/3/4/2.pbf', other, 400, 'GET'],
      ['/data/world/3/4/2.pbf', other, 405, 'DELETE'],
    ] as const) {
      const answer = await send(url, target, { ...headers }, method)
      expect([target, answer.status, answer.headers['content-type']]).toEqual([
        target,
        status,
        'application/json',
      ])
      expect(JSON.parse(answer.body.toString())).toEqual({ error: expect.any(String) })
      const names = answer.rawHeaders.filter((_, index) => index % 2 === 0)
      const challenges = names.filter((name) => name.toLowerCase() === 'www-authenticate')
      expect(challenges).toHaveLength(status === 401 ? 1 : 0)
      if (status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    }
  })

  test('is protected by a budget, which answers 429 with Retry-After when it is used up', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () =>
        send(url, '/data/world.json', { authorization: `Bearer ${token}` }),
      ),
    )
    const limited = answers.find(({ status }) => status === 429)
    expect(limited?.headers).toMatchObject({
      'retry-after': '1',
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
    })
  })
})
