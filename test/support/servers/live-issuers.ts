import type { GuardOptions } from '@tilepass/guard'
import express from 'express'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'
import { startServer } from './start-server.ts'

/** Of the client `maps`. */
export const CLIENT_SECRET = 'a client secret of the tests'
const AUDIENCE = 'https://tiles.example'

/** An issuer with a token endpoint, and the options of a guard for its tokens. */
export interface LiveIssuer {
  readonly tokenUrl: string
  readonly parameters?: Record<string, string>
  readonly options: GuardOptions
  close(): void
}

/**
 * Starts a server that answers as Keycloak does, with its form of tokens and keys.
 *
 * @param options.ahead How many seconds its clock is ahead.
 * @param options.scope What it puts into every token, whatever is asked for.
 */
export async function startKeycloak({
  ahead = 0,
  scope = 'profile email tiles:read',
} = {}): Promise<LiveIssuer> {
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
  const { url, close } = await startServer(app)
  const issuer = `${url}/realms/maps`
  const path = '/realms/maps/protocol/openid-connect'
  app.get(`${path}/certs`, (_request, response) => void response.json({ keys: [encryption, jwk] }))
  app.post(`${path}/token`, express.urlencoded(), async (request, response) => {
    const given = Buffer.from(
      `maps:${new URLSearchParams({ s: CLIENT_SECRET }).toString().slice(2)}`,
    )
    const isClient = request.get('authorization') === `Basic ${given.toString('base64')}`
    if (!isClient || request.body.grant_type !== 'client_credentials')
      return void response.status(401).json({ error: 'invalid_client' })
    const now = Math.floor(Date.now() / 1000) + ahead
    const token = await new SignJWT({
      ...{ iss: issuer, aud: ['tiles', 'account'], sub: 'f3b7a3a0', typ: 'Bearer', azp: 'maps' },
      ...{ exp: now + 300, iat: now, nbf: now, jti: `trrtcc:${now}`, acr: '1' },
      ...{ 'allowed-origins': ['/*'], scope, client_id: 'maps' },
      realm_access: { roles: ['offline_access', 'default-roles-maps'] },
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'rJ3' })
      .sign(privateKey)
    response.json({
      ...{ access_token: token, expires_in: 300, refresh_expires_in: 0, token_type: 'Bearer' },
      ...{ 'not-before-policy': 0, scope },
    })
  })
  return {
    close,
    tokenUrl: `${issuer}/protocol/openid-connect/token`,
    options: {
      ...{ tokenType: null, issuer, audience: 'tiles', scope: 'tiles:read' },
      jwks: `${issuer}/protocol/openid-connect/certs`,
    },
  }
}

/** Starts `oidc-provider`, with access tokens as RFC 9068 has them. */
export async function startOidcProvider(): Promise<LiveIssuer> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const app = express()
  const { url, close } = await startServer(app)
  const client = {
    ...{ client_id: 'maps', client_secret: CLIENT_SECRET, redirect_uris: [], response_types: [] },
    ...{ grant_types: ['client_credentials'], scope: 'tiles:read' },
  }
  const provider = new Provider(url, {
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
    close,
    tokenUrl: `${url}/token`,
    parameters: { resource: AUDIENCE },
    options: {
      ...{ tokenType: null, issuer: url, audience: AUDIENCE, type: 'at+jwt' },
      ...{ jwks: `${url}/jwks`, scope: 'tiles:read' },
    },
  }
}
