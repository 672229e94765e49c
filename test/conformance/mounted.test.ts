import { once } from 'node:events'
import { createServer } from 'node:http'
import express, { type RequestHandler } from 'express'
import * as oauth from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBroker } from '../../server/src/index.ts'
import {
  makeDataFolder,
  NOW,
  runCommand,
  storeSettings,
} from '../support/brokers/broker-under-test.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** A broker under `/api` of another application, and tokens of both formats. */
async function mount(...before: RequestHandler[]) {
  const data = makeDataFolder()
  const app = express()
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const url = `http://127.0.0.1:${port}/api`
  const broker = await createBroker({
    ...(await storeSettings(data)),
    publicUrl: url,
    demo: true,
    now: () => NOW,
  })
  onTestFinished(() => broker.close())
  for (const handler of before) app.use(handler)
  app.use('/api', broker.router)
  app.use(broker.metadataRouter)
  const create = async (format: string, scope: string) => {
    const args = ['--account', 'demo', '--format', format, '--scope', scope]
    return (await runCommand(data, ['token', 'create', ...args])).out.trim()
  }
  return {
    url,
    sk: await create('mapbox', 'tokens:read tokens:write'),
    subject: await create('jwt', 'tiles:read'),
  }
}

const parsers: [string, RequestHandler[]][] = [
  ['without body parsers', []],
  ['with body parsers', [express.json(), express.urlencoded({ extended: true })]],
  ['with a text parser', [express.text({ type: () => true })]],
]

describe.each(parsers)('mounted under a path of another application, %s', (_, before) => {
  test('the Tokens API links to the mounted path', async () => {
    const { url, sk } = await mount(...before)
    const tokens = `${url}/tokens/v2/demo?access_token=${sk}`
    const created = await fetch(tokens, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: [], note: 'mounted' }),
    })
    expect([created.status, await created.json()]).toEqual([
      200,
      expect.objectContaining({ note: 'mounted' }),
    ])
    const link = (await fetch(`${tokens}&limit=1`)).headers.get('link') ?? ''
    expect(link).toContain(`<${url}/tokens/v2/demo?`)
    const next = /<([^>]+)>/.exec(link)?.[1]
    expect((await fetch(`${next}&access_token=${sk}`)).status).toBe(200)
  })

  test('an OAuth client discovers it by its issuer, which has a path (RFC 8414 §3.1)', async () => {
    const { url } = await mount(...before)
    const issuer = new URL(url)
    const options = { algorithm: 'oauth2', [oauth.allowInsecureRequests]: true } as const
    const discovery = await oauth.discoveryRequest(issuer, options)
    expect(discovery.url).toBe(`${issuer.origin}/.well-known/oauth-authorization-server/api`)
    const server = await oauth.processDiscoveryResponse(issuer, discovery)
    expect(server).toMatchObject({ issuer: url, token_endpoint: `${url}/oauth/token` })
  })

  test('OAuth metadata names endpoints that work', async () => {
    const { url, subject } = await mount(...before)
    const metadata = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({ issuer: url, token_endpoint: `${url}/oauth/token` })
    const form = `grant_type=${GRANT}&subject_token=${subject}&subject_token_type=urn:ietf:params:oauth:token-type:access_token`
    const post = (body: string) =>
      fetch(metadata.token_endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
    const response = await post(form)
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ scope: 'tiles:read', token_type: 'Bearer' }),
    ])
    for (const extra of ['scope=tiles:read&scope=tiles:read', 'scope[x]=tiles:read&scope[x]=y'])
      expect((await post(`${form}&${extra}`)).status).toBe(400)
  })
})
