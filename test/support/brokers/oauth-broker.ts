import * as oauth from 'oauth4webapi'
import type { BrokerOptions } from '../../../server/src/index.ts'
import { readClaims, startBroker } from './broker-under-test.ts'

export const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
export const JWT = 'urn:ietf:params:oauth:token-type:jwt'
const insecure = { [oauth.allowInsecureRequests]: true }

/** A broker that an OAuth client has discovered. */
export async function startOAuthBroker(options: BrokerOptions = {}) {
  const running = await startBroker(options)
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

/** What {@link startOAuthBroker} resolves to. */
export type OAuthBroker = Awaited<ReturnType<typeof startOAuthBroker>>

/** Posts a form without changing it. */
export async function postForm(
  { url }: OAuthBroker,
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
