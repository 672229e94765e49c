import { guard } from '@tilepass/guard'
import express from 'express'
import { VECTOR } from '../pages/map-resources.ts'
import { readExample, servePage } from '../pages/upstream-page.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { bearer } from './bearer.ts'
import {
  type FaultProxy,
  type SecondBroker,
  startFaultProxy,
  startSecondBroker,
} from './second-broker.ts'

export const LIFETIME_SECONDS = 12

/**
 * The example of `examples/upstreams/geog`: a page that gets its tokens from a relay, the relay that
 * gets them from an upstream, and a tile server that knows only the key set of the upstream.
 */
export interface RelayChain {
  readonly upstream: SecondBroker
  /** Between the relay and the upstream. */
  readonly proxy: FaultProxy
  /** Serves the page. */
  readonly site: TestServer
  /** Each answer of the tile server, with its time in epoch ms. */
  readonly statuses: { readonly at: number; readonly status: number }[]
  /** A token of the upstream that has expired. */
  readonly expired: string
  close(): Promise<void>
}

/** Starts a chain behind an upstream. */
export async function startChain(upstream: SecondBroker): Promise<RelayChain> {
  const scope = 'tiles:read places:read'
  const token = await upstream.cli('token', 'create', '--account', 'city', '--scope', scope)
  const expired = await exchangeForSecond(upstream.url, token)
  const proxy = await startFaultProxy(() => upstream.url)
  const config = JSON.parse(
    readExample('geog/tilepass.json', { 'https://api.geog.dev': proxy.url }),
  )
  config.grants.default.expiresInSeconds = LIFETIME_SECONDS
  const relay = await startSecondBroker(config, { GEOG_TOKEN: token })
  const statuses: { at: number; status: number }[] = []
  const tiles = await startServer(createTiles(upstream.url, statuses))
  const html = readExample('geog/index.html', { 'https://api.geog.dev': tiles.url })
  const site = await servePage(html, relay.url)
  return {
    upstream,
    proxy,
    site,
    statuses,
    expired,
    close: async () => {
      await relay.kill()
      for (const server of [proxy, tiles, site]) await server.close()
    },
  }
}

/** Exchanges a token for one that lives for a second. */
async function exchangeForSecond(url: string, token: string): Promise<string> {
  const headers = { ...bearer(token), 'content-type': 'application/json' }
  const body = JSON.stringify({ ttl: 1 })
  const response = await fetch(`${url}/v1/auth/token`, { method: 'POST', headers, body })
  return (await response.json()).access_token
}

/** A resource server that knows only the issuer's key set. */
function createTiles(issuer: string, statuses: { at: number; status: number }[]) {
  const app = express()
  app.use((request, response, next) => {
    response.on('finish', () => {
      if (request.method === 'GET') statuses.push({ at: Date.now(), status: response.statusCode })
    })
    next()
  })
  const jwks = `${issuer}/.well-known/jwks.json`
  app.use('/v1/tiles', guard({ issuer, audience: issuer, jwks, scope: 'tiles:read' }))
  app.get('/v1/tiles/world/:z/:x/:y', (_request, response) => {
    response.type('application/x-protobuf').send(VECTOR)
  })
  return app
}
