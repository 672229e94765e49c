import * as oauth from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import { readClaims, startBroker } from '../../server/test/support/broker-under-test.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const insecure = { [oauth.allowInsecureRequests]: true }

/** A broker that a real OAuth client has discovered. */
async function start() {
  const running = await startBroker()
  const issuer = new URL(running.url)
  const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  const server = await oauth.processDiscoveryResponse(issuer, discovery)
  const subject = await running.createToken()
  const client = { client_id: String(readClaims(subject).sub) }
  const authentication = oauth.ClientSecretBasic(subject)

  const exchange = async (parameters: Record<string, string>, how = oauth.None()) => {
    const all = { subject_token: subject, subject_token_type: ACCESS_TOKEN, ...parameters }
    const response = await oauth.genericTokenEndpointRequest(
      server,
      client,
      how,
      GRANT,
      all,
      insecure,
    )
    return oauth.processGenericTokenEndpointResponse(server, client, response)
  }
  const introspect = async (token: string, as = client, how = authentication) =>
    oauth.processIntrospectionResponse(
      server,
      as,
      await oauth.introspectionRequest(server, as, how, token, insecure),
    )
  const revoke = async (token: string, as = client, how = authentication) =>
    oauth.processRevocationResponse(await oauth.revocationRequest(server, as, how, token, insecure))
  const createNeighbour = async () => {
    await running.cli('account', 'create', 'neighbour')
    const args = ['--account', 'neighbour', '--scope', 'tiles:read']
    const token = (await running.cli('token', 'create', ...args)).out.trim()
    return {
      token,
      client: { client_id: String(readClaims(token).sub) },
      authentication: oauth.ClientSecretBasic(token),
    }
  }
  return { ...running, server, subject, client, exchange, introspect, revoke, createNeighbour }
}

type Started = Awaited<ReturnType<typeof start>>

/** Posts a form as it is. */
async function postForm(
  { url }: Started,
  path: string,
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: String(typeof form === 'string' ? form : new URLSearchParams(form)),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

describe('metadata (RFC 8414)', () => {
  test('names the endpoints that exist', async () => {
    const { server, url } = await start()
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

  test('X7: never says what Host says', async () => {
    const { url } = await start()
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const response = await fetch(`${url}/.well-known/oauth-authorization-server`, { headers })
    expect(await response.text()).not.toContain('evil')
  })
})

describe('token exchange (RFC 8693)', () => {
  test('a real client exchanges an API token', async () => {
    const { exchange, subject, broker } = await start()
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

  test('without scope all of the subject token; as a JWT; with the client authenticated', async () => {
    const { exchange, subject, url } = await start()
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
    const started = await start()
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

  test('X4: an access token is no subject token', async () => {
    const { exchange } = await start()
    const { access_token: token } = await exchange({})
    await expect(exchange({ subject_token: token })).rejects.toMatchObject({
      error: 'invalid_request',
      status: 400,
    })
  })

  test('X5: a repeated parameter is 400, another content type 415, another method 405', async () => {
    const started = await start()
    const form = `grant_type=${GRANT}&subject_token=${started.subject}&subject_token_type=${ACCESS_TOKEN}`
    for (const extra of ['scope=tiles:read&scope=places:read', `grant_type=${GRANT}`, 'x=1&x=2'])
      expect(await postForm(started, '/oauth/token', `${form}&${extra}`)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      })
    const json = await started.post('/oauth/token', { grant_type: GRANT })
    expect([json.status, await json.json()]).toEqual([
      415,
      { error: 'unsupported_media_type', error_description: expect.stringContaining('form') },
    ])
    const get = await fetch(`${started.url}/oauth/token?${form}`)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    const long = await postForm(started, '/oauth/token', `${form}&x=${'x'.repeat(9000)}`)
    expect([long.status, long.body.error]).toEqual([413, 'payload_too_large'])
  })

  test('parameters in the URL change nothing', async () => {
    const started = await start()
    const path = `/oauth/token?grant_type=${GRANT}&subject_token=${started.subject}`
    expect((await postForm(started, path, {})).status).toBe(400)
  })

  test('a client that authenticates wrongly, or is of another organisation, gets nothing', async () => {
    const started = await start()
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

describe('introspection (RFC 7662)', () => {
  test('describes tokens of the own organisation', async () => {
    const { introspect, exchange, subject, client } = await start()
    expect(await introspect(subject)).toMatchObject({
      active: true,
      sub: client.client_id,
      scope: 'tiles:read places:read',
      token_type: 'Bearer',
    })
    const { access_token: token } = await exchange({ scope: 'tiles:read' })
    const { sub, exp, iss, aud, jti } = readClaims(token)
    expect(await introspect(token)).toMatchObject({
      active: true,
      scope: 'tiles:read',
      client_id: client.client_id,
      sub,
      exp,
      iss,
      aud,
      jti,
    })
  })

  test('C1: foreign, revoked, expired and absent tokens are inactive, and nothing more', async () => {
    const { introspect, createNeighbour, createToken, cli, exchange, subject } = await start()
    const neighbour = await createNeighbour()
    const revoked = await createToken()
    const { access_token: child } = await exchange({ subject_token: revoked })
    await cli('token', 'revoke', String(readClaims(revoked).sub))
    for (const token of [neighbour.token, revoked, child, 'x', `${subject}x`])
      expect(await introspect(token)).toEqual({ active: false })
    const { client, authentication } = neighbour
    expect(await introspect(subject, client, authentication)).toEqual({ active: false })
  })

  test('needs a client: 401 without one, with a wrong one, with an access token as one', async () => {
    const started = await start()
    const token = started.subject
    const { access_token: child } = await started.exchange({})
    const basic = (id: string, secret: string) => ({
      authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`,
    })
    for (const path of ['/oauth/introspect', '/oauth/revoke'])
      for (const headers of [
        {},
        basic(started.client.client_id, 'wrong'),
        basic('tok_0', token),
        basic(String(readClaims(child).sub), child),
        { authorization: `Bearer ${token}` },
        { authorization: 'Basic !' },
      ]) {
        const answer = await postForm(started, path, { token }, headers)
        expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client'])
      }
    const both = { token, client_id: started.client.client_id, client_secret: token }
    const headers = basic(started.client.client_id, token)
    expect((await postForm(started, '/oauth/introspect', both, headers)).status).toBe(400)
    expect((await postForm(started, '/oauth/introspect', {}, headers)).body.error).toBe(
      'invalid_request',
    )
  })
})

describe('revocation (RFC 7009)', () => {
  test('ends an access token at once', async () => {
    const { exchange, revoke, introspect, broker, cli, client } = await start()
    const { access_token: token } = await exchange({})
    await revoke(token)
    expect(JSON.parse((await cli('audit', '--json')).out)[0]).toMatchObject({
      actor: client.client_id,
      action: 'token.revoke',
      target: readClaims(token).sub,
    })
    expect(await introspect(token)).toEqual({ active: false })
    await expect(broker.verifier.verify(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('ends an API token, and what was exchanged for it', async () => {
    const { exchange, revoke, createToken, broker } = await start()
    const other = await createToken()
    const { access_token: child } = await exchange({ subject_token: other })
    await revoke(other)
    for (const token of [other, child])
      await expect(broker.verifier.verify(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' })
    await expect(exchange({ subject_token: other })).rejects.toMatchObject({ status: 400 })
  })

  test("another organisation's, and what is no token, is 200 and changes nothing", async () => {
    const { revoke, createNeighbour, subject, broker } = await start()
    const { client, authentication } = await createNeighbour()
    await revoke(subject, client, authentication)
    await revoke('x')
    expect((await broker.verifier.verify(subject)).sub).toBe(readClaims(subject).sub)
  })
})
