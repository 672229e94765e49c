import { readFileSync } from 'node:fs'
import express, { type Express, type Request } from 'express'
import { TILE } from '../pages/map-resources.ts'
import { createOpaqueIssuer, type OpaqueIssuer } from '../pages/opaque-issuer.ts'
import { demoData } from '../repository.ts'
import type { CreateServers } from './site.ts'

const ARCHIVE = readFileSync(demoData('world.pmtiles'))
/** Token endpoints, each with an issuer of its own, and how long their tokens live at first, in ms. */
const LIFETIMES = { main: 2000, outage: 2000, shared: 6000, short: 1000 }
export type Endpoint = keyof typeof LIFETIMES

/**
 * Where a session's tiles are: below `/v1/{endpoint}/{attach}/{session}/`. Only tokens of that endpoint open
 * them, and only as `attach` says: `header`, `query`, or `cookie`.
 */
const tilesOf = (endpoint: Endpoint, attach: string, session: string) =>
  `/v1/${endpoint}/${attach}/${session}/`

/**
 * The page's server has the token endpoints, `POST /{endpoint}/token?session=…`, and tiles; `tiles` has the
 * same tiles on another origin, and `stranger` others, for everybody.
 *
 * `POST /{endpoint}/set` changes an endpoint: `lifetime` (ms) of its tokens, `isDown`, and `revoke`, which
 * refuses every token issued so far.
 */
export const createSessionServers: CreateServers = () => {
  const endpoints = Object.keys(LIFETIMES) as Endpoint[]
  const issuers = Object.fromEntries(
    endpoints.map((endpoint) => [endpoint, createOpaqueIssuer()]),
  ) as Record<Endpoint, OpaqueIssuer>
  const page = createTiles(issuers)
  for (const endpoint of endpoints)
    page.use(`/${endpoint}`, createEndpoint(endpoint, issuers[endpoint]))
  page.get('/frame', (_request, response) => {
    response.type('html').send('<!doctype html><script src="/lib/tilepass-core.iife.js"></script>')
  })
  return { page, tiles: createTiles(issuers), stranger: createStranger() }
}

function createEndpoint(name: Endpoint, issuer: OpaqueIssuer): Express {
  const app = express()
  let lifetime = LIFETIMES[name]
  let isDown = false
  app.post('/set', express.json(), ({ body }, response) => {
    lifetime = body.lifetime ?? lifetime
    isDown = body.isDown ?? isDown
    if (body.revoke) issuer.revokeAll()
    response.end()
  })
  app.post('/token', ({ query }, response) => {
    response.set('Cache-Control', 'no-store')
    if (isDown) return void response.status(503).json({ error: 'temporarily_unavailable' })
    const token = issuer.issue(lifetime)
    // As the broker sets it, except for `Secure`: WebKit takes that over https only.
    response.cookie(`${query.session}`, token.access_token, {
      path: tilesOf(name, 'cookie', String(query.session)),
      httpOnly: true,
      sameSite: 'strict',
    })
    response.json(token)
  })
  return app
}

function createTiles(issuers: Record<Endpoint, OpaqueIssuer>): Express {
  const app = express()
  app.use('/v1', allowOrigins)
  app.get('/v1/:endpoint/:attach/:session/*tile', (request, response) => {
    const { endpoint, attach, session } = request.params
    const token = findToken(request, attach, session)
    response.set('Cache-Control', 'no-store')
    if (!issuers[endpoint as Endpoint].accepts(token)) return void response.status(401).end()
    if (!request.path.endsWith('.pmtiles')) return void response.type('png').send(TILE)
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const part = ARCHIVE.subarray(+from, +to + 1)
    const range = `bytes ${from}-${+from + part.length - 1}/${ARCHIVE.length}`
    response.status(206).set({ 'Content-Range': range, ETag: '"1"' }).send(part)
  })
  return app
}

/** The token, if it comes as it should. */
function findToken({ headers, query }: Request, attach: string, session: string) {
  if (attach === 'header') return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (attach === 'query') return String(query.access_token)
  const cookies = new Map(
    headers.cookie?.split('; ').map((pair) => pair.split('=') as [string, string]),
  )
  return cookies.get(session)
}

function createStranger(): Express {
  const app = express()
  app.use(allowOrigins)
  app.get('/*tile', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('png').send(TILE)
  })
  return app
}

const allowOrigins: express.RequestHandler = ({ method, headers }, response, next) => {
  response.set('Access-Control-Allow-Origin', '*').set('Access-Control-Max-Age', '7200')
  response.set('Access-Control-Expose-Headers', 'ETag, Content-Range')
  const requested = headers['access-control-request-headers']
  if (requested) response.set('Access-Control-Allow-Headers', requested)
  if (method === 'OPTIONS') response.status(204).end()
  else next()
}
