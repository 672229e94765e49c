import { createTokenManager } from '@tilepass/core'
import { type GuardOptions, guard } from '@tilepass/guard'
import express from 'express'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import { startServer } from '../support/servers/start-server.ts'

const SECRET = 'a client secret of the tests'
const AUDIENCE = 'https://tiles.example'

/** An issuer with a token endpoint, and the options of a guard for its tokens. */
interface LiveIssuer {
  readonly tokenUrl: string
  readonly parameters?: Record<string, string>
  readonly options: GuardOptions
}

/** Answers as Keycloak does, with its own form of tokens and keys. @param ahead How many seconds its clock is ahead. */
async function startKeycloak(ahead = 0): Promise<LiveIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = {
    ...(await exportJWK(publicKey)),
    kid: 'rJ3',
    alg: 'RS256',
    use: 'sig',
    x5c: ['MIIC'],
  }
  const encryption = { ...jwk, kid: 'enc', alg: 'RSA-OAEP', use: 'enc' }
  const app = express()
  const server = await startServer(app)
  onTestFinished(server.close)
  const issuer = `${server.url}/realms/maps`
  const path = '/realms/maps/protocol/openid-connect'
  app.get(`${path}/certs`, (_request, response) => void response.json({ keys: [encryption, jwk] }))
  app.post(`${path}/token`, express.urlencoded(), async (request, response) => {
    const given = Buffer.from(`maps:${new URLSearchParams({ s: SECRET }).toString().slice(2)}`)
    const isClient = request.get('authorization') === `Basic ${given.toString('base64')}`
    if (!isClient || request.body.grant_type !== 'client_credentials')
      return void response.status(401).json({ error: 'invalid_client' })
    const now = Math.floor(Date.now() / 1000) + ahead
    const token = await new SignJWT({
      ...{ iss: issuer, aud: ['tiles', 'account'], sub: 'f3b7a3a0', typ: 'Bearer', azp: 'maps' },
      ...{ exp: now + 300, iat: now, nbf: now, jti: `trrtcc:${now}`, acr: '1' },
      ...{ 'allowed-origins': ['/*'], scope: 'profile email tiles:read', client_id: 'maps' },
      realm_access: { roles: ['offline_access', 'default-roles-maps'] },
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'rJ3' })
      .sign(privateKey)
    response.json({
      ...{ access_token: token, expires_in: 300, refresh_expires_in: 0, token_type: 'Bearer' },
      ...{ 'not-before-policy': 0, scope: 'profile email tiles:read' },
    })
  })
  return {
    tokenUrl: `${issuer}/protocol/openid-connect/token`,
    options: {
      ...{ tokenType: null, issuer, audience: 'tiles', scope: 'tiles:read' },
      jwks: `${issuer}/protocol/openid-connect/certs`,
    },
  }
}

/** The certified server `oidc-provider`, with access tokens as RFC 9068 has them. */
async function startOidcProvider(): Promise<LiveIssuer> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const app = express()
  const server = await startServer(app)
  onTestFinished(server.close)
  const client = {
    ...{ client_id: 'maps', client_secret: SECRET, redirect_uris: [], response_types: [] },
    ...{ grant_types: ['client_credentials'], scope: 'tiles:read' },
  }
  const provider = new Provider(server.url, {
    clients: [client],
    scopes: ['tiles:read'],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }] },
    ttl: { ClientCredentials: 300 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          ...{ scope: 'tiles:read', audience: AUDIENCE, accessTokenFormat: 'jwt' },
          accessTokenTTL: 300,
        }),
      },
    },
  })
  app.use(provider.callback())
  return {
    tokenUrl: `${server.url}/token`,
    parameters: { resource: AUDIENCE },
    options: {
      ...{ tokenType: null, issuer: server.url, audience: AUDIENCE, type: 'at+jwt' },
      ...{ jwks: `${server.url}/jwks`, scope: 'tiles:read' },
    },
  }
}

/** A page's token manager, behind a broker that relays tokens of the issuer, and tiles behind a guard. */
async function startChain({ tokenUrl, parameters = {}, options }: LiveIssuer, scope?: string) {
  const upstream = { kind: 'oauth' as const, tokenUrl, clientId: 'maps', parameters }
  const { url } = await startBroker({
    now: Date.now,
    upstreams: { login: { ...upstream, clientSecret: () => SECRET } },
    grants: { default: { upstream: 'login', ...(scope === undefined ? {} : { scope }) } },
  })
  const refusals: unknown[] = []
  const app = express()
  app.use('/tiles', guard({ ...options, onRefusal: (error) => refusals.push(error) }))
  app.get('/tiles/:z/:x/:y', ({ auth }, response) => void response.json(auth))
  const tiles = await startServer(app)
  onTestFinished(tiles.close)
  const tokens = createTokenManager(`${url}/map-token`, { allow: [`${tiles.url}/tiles/`] })
  tokens.on('error', () => undefined)
  onTestFinished(() => tokens.dispose())
  return { tokens, tile: `${tiles.url}/tiles/3/4/2`, refusals }
}

describe('page, broker and guard with', () => {
  test.each([
    ['Keycloak', () => startKeycloak(), undefined, 'f3b7a3a0'],
    ['Keycloak, 3 s ahead', () => startKeycloak(3), undefined, 'f3b7a3a0'],
    ['oidc-provider', () => startOidcProvider(), 'tiles:read', 'maps'],
  ])('%s: the page loads its tiles', async (_, start, scope, sub) => {
    const { tokens, tile, refusals } = await startChain(await start(), scope)
    const answers = await Promise.all(Array.from({ length: 6 }, () => tokens.fetch(tile)))
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    expect(await answers[0]?.json()).toMatchObject({ sub, client_id: 'maps' })
    expect(refusals).toEqual([])
    expect((await fetch(tile)).status).toBe(401)
  })

  test('Keycloak: a grant that names a scope refuses the default scopes of a client', async () => {
    const { tokens } = await startChain(await startKeycloak(), 'tiles:read')
    await expect(tokens.renew()).rejects.toMatchObject({ code: 'ERR_TOKEN_UNAVAILABLE' })
  })
})
