import { randomBytes } from 'node:crypto'
import { guard } from '@tilepass/guard'
import express, { type Express } from 'express'
import { createTestIssuer, ISSUER } from '../../../packages/guard/test/support/issuer.ts'
import { TILE } from '../pages/map-resources.ts'

/** Seconds for which a token of a page is valid: longer than a scenario takes. */
const LIFETIME = 300
/** An image that a browser shows, as large as tiles are: decoders ignore what follows the image. */
const LARGE_TILE = Buffer.concat([TILE, randomBytes(20_000)])

/** A page server and a tile server of another origin, both with tiles behind the guard, below `/v1/`. */
export interface GuardedServers extends Record<string, Express> {
  /** Also gives tokens: `POST /map-token?user=anna`. */
  readonly page: Express
  readonly tiles: Express
}

/**
 * Creates servers whose guards have their default settings; below `/v1/asks/`, browsers are told to ask about
 * each tile instead, as docs/browsers.md describes.
 */
export function createGuardedServers(): GuardedServers {
  const issuer = createTestIssuer()
  let issued = 0
  const createTiles = () => {
    const app = express()
    const options = { issuer: ISSUER, audience: ISSUER, jwks: issuer.jwks }
    app.use('/v1/asks', guard({ ...options, vary: false }), (_request, response) => {
      response.set('Cache-Control', 'private, no-cache').type('png').send(LARGE_TILE)
    })
    app.use(
      '/v1',
      guard(options),
      (_request, response) => void response.type('png').send(LARGE_TILE),
    )
    return app
  }
  const page = createTiles()
  page.post('/map-token', (request, response) => {
    issued += 1
    const iat = Math.floor(Date.now() / 1000)
    const claims = { sub: request.query.user, jti: `t${issued}`, iat, exp: iat + LIFETIME }
    const token = { access_token: issuer.sign(claims), token_type: 'Bearer', expires_in: LIFETIME }
    response.set('Cache-Control', 'no-store').json(token)
  })
  return { page, tiles: createTiles() }
}

/** The `sub` of the token in a value of `Authorization`. */
export function readSubject(authorization = ''): string {
  const [, payload = ''] = authorization.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).sub
}
