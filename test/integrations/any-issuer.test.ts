import { createTokenManager } from '@tilepass/core'
import { guard } from '@tilepass/guard'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import {
  CLIENT_SECRET,
  type LiveIssuer,
  startKeycloak,
  startOidcProvider,
} from '../support/servers/live-issuers.ts'
import { startServer } from '../support/servers/start-server.ts'

/** A page's token manager, behind a broker that relays tokens of the issuer, and tiles behind a guard. */
async function startChain(
  { tokenUrl, parameters = {}, options, close }: LiveIssuer,
  scope?: string,
) {
  onTestFinished(close)
  const upstream = { kind: 'oauth' as const, tokenUrl, clientId: 'maps', parameters }
  const { url } = await startBroker({
    now: Date.now,
    upstreams: { login: { ...upstream, clientSecret: () => CLIENT_SECRET } },
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
    ['Keycloak, 3 s ahead', () => startKeycloak({ ahead: 3 }), undefined, 'f3b7a3a0'],
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
