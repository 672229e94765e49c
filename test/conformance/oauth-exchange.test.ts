import * as oauth from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { readClaims, startBroker } from '../support/brokers/broker-under-test.ts'
import {
  ACCESS_TOKEN,
  GRANT,
  JWT,
  postForm,
  startOAuthBroker,
} from '../support/brokers/oauth-broker.ts'

describe('metadata (RFC 8414)', () => {
  test('names every endpoint', async () => {
    const { server, url } = await startOAuthBroker()
    expect(server).toMatchObject({
      issuer: url,
      token_endpoint: `${url}/oauth/token`,
      introspection_endpoint: `${url}/oauth/introspect`,
      revocation_endpoint: `${url}/oauth/revoke`,
      jwks_uri: `${url}/.well-known/jwks.json`,
      grant_types_supported: [GRANT],
      response_types_supported: [],
    })
    expect((await fetch(String(server.jwks_uri))).status).toBe(200)
  })

  test.each(['/broker', '/a/b', '/v1.0(x)', '/caf%C3%A9', '/a:b*c', '/%2Fx'])(
    'are at the root of the host, followed by the path %s of the issuer (RFC 8414 §3.1)',
    async (path) => {
      const publicUrl = `https://maps.example${path}`
      const { url } = await startBroker({ publicUrl })
      for (const place of [
        `/.well-known/oauth-authorization-server${path}`,
        '/.well-known/oauth-authorization-server',
      ]) {
        const response = await fetch(url + place)
        expect([place, response.status]).toEqual([place, 200])
        expect(response.headers.get('access-control-allow-origin')).toBe('*')
        expect(await response.json()).toMatchObject({
          issuer: publicUrl,
          token_endpoint: `${publicUrl}/oauth/token`,
        })
      }
      const other = `${url}/.well-known/oauth-authorization-server/other`
      expect((await fetch(other)).status).toBe(404)
    },
  )

  test('are off with the OAuth API', async () => {
    const { url } = await startBroker({ surfaces: { oauth: false } })
    expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).toBe(404)
  })

  test('X7: never reflects a header of the request', async () => {
    const { url } = await startOAuthBroker()
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const response = await fetch(`${url}/.well-known/oauth-authorization-server`, { headers })
    expect(await response.text()).not.toContain('evil')
  })
})

describe('token exchange (RFC 8693)', () => {
  test('an OAuth client exchanges an API token', async () => {
    const { exchange, subject, broker } = await startOAuthBroker()
    const answer = await exchange({ scope: 'tiles:read' })
    expect(answer).toEqual({
      access_token: expect.any(String),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'bearer',
      expires_in: 3600,
      scope: 'tiles:read',
    })
    const claims = await broker.verifier.verify(answer.access_token)
    expect(claims).toMatchObject({ parent: readClaims(subject).sub, scope: 'tiles:read' })
  })

  test('without a scope the token inherits all scopes; JWT types and client authentication work', async () => {
    const { exchange, subject, url } = await startOAuthBroker()
    const parameters = { subject_token_type: JWT, requested_token_type: JWT, audience: url }
    for (const how of [oauth.ClientSecretBasic(subject), oauth.ClientSecretPost(subject)])
      expect((await exchange(parameters, how)).scope).toBe('tiles:read places:read')
  })

  test.each([
    [{ subject_token: 'x' }, 'invalid_request'],
    [{ subject_token: '' }, 'invalid_request'],
    [{ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
    [{ subject_token_type: '' }, 'invalid_request'],
    [{ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'invalid_request'],
    [{ actor_token: 'x', actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
    [{ audience: 'https://other.example' }, 'invalid_target'],
    [{ resource: 'https://other.example' }, 'invalid_target'],
    [{ scope: 'tiles:read admin:access' }, 'invalid_scope'],
    [{ scope: 'tiles:read  places:read' }, 'invalid_scope'],
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: '' }, 'invalid_request'],
  ])('%j: %s', async (change, error) => {
    const started = await startOAuthBroker()
    const form = {
      grant_type: GRANT,
      subject_token: started.subject,
      subject_token_type: ACCESS_TOKEN,
      ...change,
    }
    const { status, body, headers } = await postForm(started, '/oauth/token', form)
    expect([status, body]).toEqual([400, { error, error_description: expect.any(String) }])
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('X4: an access token is refused as the subject token', async () => {
    const { exchange } = await startOAuthBroker()
    const { access_token: token } = await exchange({})
    await expect(exchange({ subject_token: token })).rejects.toMatchObject({
      error: 'invalid_request',
      status: 400,
    })
  })

  test('X5: a repeated parameter is 400, another content type is 415, another method is 405', async () => {
    const started = await startOAuthBroker()
    const form = `grant_type=${GRANT}&subject_token=${started.subject}&subject_token_type=${ACCESS_TOKEN}`
    for (const extra of ['scope=tiles:read&scope=places:read', `grant_type=${GRANT}`, 'x=1&x=2'])
      expect(await postForm(started, '/oauth/token', `${form}&${extra}`)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      })
    const json = await started.post('/oauth/token', { grant_type: GRANT })
    expect([json.status, await json.json()]).toEqual([
      415,
      { error: 'invalid_request', error_description: expect.stringContaining('form') },
    ])
    const get = await fetch(`${started.url}/oauth/token?${form}`)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    const long = await postForm(started, '/oauth/token', `${form}&x=${'x'.repeat(9000)}`)
    expect([long.status, long.body.error]).toEqual([413, 'invalid_request'])
  })

  test('parameters in the URL are ignored', async () => {
    const started = await startOAuthBroker()
    const path = `/oauth/token?grant_type=${GRANT}&subject_token=${started.subject}`
    expect((await postForm(started, path, {})).status).toBe(400)
  })

  test('a client that fails to authenticate or belongs to another organisation is refused', async () => {
    const started = await startOAuthBroker()
    const neighbour = await started.createNeighbour()
    const form = {
      grant_type: GRANT,
      subject_token: started.subject,
      subject_token_type: ACCESS_TOKEN,
    }
    for (const client of [
      { client_id: started.client.client_id, client_secret: 'wrong' },
      { client_id: 'tok_0', client_secret: started.subject },
      { ...neighbour.client, client_secret: neighbour.token },
    ]) {
      const answer = await postForm(started, '/oauth/token', { ...form, ...client })
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client'])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
    }
  })
})
