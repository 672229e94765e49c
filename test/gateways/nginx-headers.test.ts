import type { IncomingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findProgram } from '../../scripts/gateways.mjs'
import {
  findFreePort,
  Running,
  send,
  startBroker,
  startNginx,
  startUpstream,
} from '../support/gateways/gateways.ts'

const running = new Running()

describe.skipIf(!findProgram('nginx'))('what the server behind nginx is told', () => {
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  let url = ''
  let token = ''
  beforeAll(async () => {
    const port = await findFreePort()
    const budgets = { requestsPerSecond: 20 }
    const { address, mint } = await startBroker(running, { budgets })
    const tileserver = await startUpstream(running, (request, response) => {
      seen.push({ url: request.url, headers: request.headers })
      response.end('ok')
    })
    url = await startNginx(running, { broker: address, tileserver, port })
    token = await mint()
  })
  afterAll(() => running.end())

  test('G2: who asks is the broker’s word, never the client’s, under any spelling', async () => {
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

  test('P6: it sees no token, neither in the header nor in the query nor in a cookie', async () => {
    seen.length = 0
    await send(url, `/data/world.json?a=1&access_token=${token}`, { cookie: `token=${token}` })
    await send(url, '/data/world.json?a=1', { authorization: `Bearer ${token}` })
    expect(seen).toHaveLength(2)
    expect(seen.map(({ url }) => url)).toEqual(['/data/world.json?a=1', '/data/world.json?a=1'])
    expect(JSON.stringify(seen)).not.toContain(token)
  })

  test('a budget that is used up is 429 with Retry-After at the page', async () => {
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
