import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readClaims } from '../support/broker-under-test.ts'
import { answerWith, startFaultProxy } from '../support/fault-proxy.ts'
import { startRelay, writeSecret } from '../support/relay-under-test.ts'
import {
  type SecondBroker,
  setUpSecondBrokers,
  startSecondBroker,
} from '../support/second-broker.ts'

setUpSecondBrokers()

const SECRET = 'a secret with spaces, & : % + and =~'

/** A third-party server with clients that authenticate in either way. */
async function startProvider(): Promise<string> {
  const client = (id: string, method: 'client_secret_basic' | 'client_secret_post') => ({
    client_id: id,
    client_secret: SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: 'tiles:read',
    token_endpoint_auth_method: method,
  })
  const provider = new Provider('http://127.0.0.1:1', {
    clients: [client('basic', 'client_secret_basic'), client('post', 'client_secret_post')],
    scopes: ['tiles:read', 'places:read'],
    ttl: { ClientCredentials: 300 },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  })
  const server = provider.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
}

describe('client credentials, with oidc-provider', () => {
  test.each(['basic', 'post'] as const)(
    'a page gets an access token (client_secret_%s)',
    async (way) => {
      const { post } = await startRelay({
        upstreams: {
          oauth: {
            kind: 'oauth',
            tokenUrl: await startProvider(),
            clientId: way,
            clientSecret: () => SECRET,
            clientAuthentication: way,
          },
        },
        grants: { default: { upstream: 'oauth', scope: 'tiles:read' } },
      })
      const body = await (await post('/map-token')).json()
      expect(body).toMatchObject({ token_type: 'Bearer', scope: 'tiles:read' })
      expect(body.expires_in).toBeGreaterThan(290)
      expect(body.expires_in).toBeLessThan(300)
    },
  )

  test.each([
    ['a wrong secret', { clientSecret: () => 'wrong' }, {}, 'returned 401 invalid_client'],
    ['a scope that the client lacks', {}, { scope: 'places:read' }, 'returned 400 invalid_scope'],
  ])('%s is an error for the operator', async (_, settings, grant, reason) => {
    const { post, logged } = await startRelay({
      upstreams: {
        oauth: {
          kind: 'oauth',
          tokenUrl: await startProvider(),
          clientId: 'basic',
          clientSecret: () => SECRET,
          ...settings,
        },
      },
      grants: { default: { upstream: 'oauth', scope: 'tiles:read', ...grant } },
    })
    const response = await post('/map-token')
    expect([response.status, (await response.json()).error]).toEqual([502, 'upstream_refused'])
    expect(logged()).toContain(reason)
  })
})

describe('token exchange, with a second broker', () => {
  let server: SecondBroker
  let token: string

  beforeAll(async () => {
    server = await startSecondBroker()
    token = await server.cli(
      'token',
      'create',
      '--account',
      'city',
      '--scope',
      'tiles:read places:read',
    )
  })

  const relay = (client: object, parameters: Record<string, string> = {}) =>
    startRelay({
      upstreams: {
        oauth: {
          kind: 'oauth',
          tokenUrl: `${server.url}/oauth/token`,
          subjectToken: writeSecret(token).source,
          parameters,
          ...client,
        },
      },
      grants: { default: { upstream: 'oauth', scope: 'tiles:read' } },
    })

  test('a page gets an access token with the scope of its grant', async () => {
    const { post } = await relay({}, { audience: server.url })
    const body = await (await post('/map-token')).json()
    expect(body).toMatchObject({ scope: 'tiles:read' })
    expect(readClaims(body.access_token)).toMatchObject({ iss: server.url, scope: 'tiles:read' })
  })

  test('a client that authenticates itself is accepted', async () => {
    const client = { clientId: String(readClaims(token).sub), clientSecret: () => token }
    expect((await (await relay(client)).post('/map-token')).status).toBe(200)
  })

  test('a target that the server does not serve is an error for the operator', async () => {
    const { post, logged } = await relay({}, { audience: 'https://elsewhere.example' })
    expect((await post('/map-token')).status).toBe(502)
    expect(logged()).toContain('returned 400 invalid_target')
  })
})

describe('a server that deviates from the RFC', () => {
  const answered = async (body: object) => {
    const server = await startFaultProxy(() => '')
    onTestFinished(() => server.close())
    server.fault = answerWith(200, { 'content-type': 'application/json' }, JSON.stringify(body))
    const { post } = await startRelay({
      upstreams: {
        oauth: {
          kind: 'oauth',
          tokenUrl: server.url,
          clientId: 'maps',
          clientSecret: () => SECRET,
          clientAuthentication: 'post',
        },
      },
      grants: { default: { upstream: 'oauth' } },
    })
    const response = await post('/map-token')
    return { status: response.status, ...(await response.json()) }
  }

  test('is accepted without type and scope, as ArcGIS responds', async () => {
    const body = await answered({ access_token: 'opaque', expires_in: 7200 })
    expect(body).toMatchObject({ status: 200, access_token: 'opaque', token_type: 'Bearer' })
    expect(body).not.toHaveProperty('scope')
  })

  test.each([
    [
      'an error with 200, as ArcGIS responds, is a refusal',
      { error: { code: 400 } },
      'upstream_refused',
    ],
    [
      'a refresh token in place of an access token is not relayed',
      {
        access_token: 'opaque',
        expires_in: 60,
        issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      },
      'upstream_invalid',
    ],
    [
      'a token for longer than a day is not relayed',
      { access_token: 'opaque', expires_in: 31_536_000 },
      'upstream_invalid',
    ],
  ])('%s', async (_, body, error) => {
    expect(await answered(body)).toMatchObject({ status: 502, error })
  })
})
