import { createHash } from 'node:crypto'
import { encode, type TestIssuer } from '../../../packages/guard/test/support/issuer.ts'
import type { SentRequest } from './send-request.ts'
import type { GuardName } from './worker.ts'

/** A request to one of the guards under test. */
export interface Vector extends SentRequest {
  readonly name: string
  readonly guard?: GuardName
}

const TILE = '/data/open/3/4/2.pbf'
const SECRET = 'a-secret-of-the-browser'

/** Requests that every runtime must answer as Node does. @param nowSeconds Seconds since 1970. */
export function listVectors(issuer: TestIssuer, nowSeconds: number): readonly Vector[] {
  const times = { iat: nowSeconds, exp: nowSeconds + 600 }
  const sign = (payload: object = {}, header: object = {}) =>
    issuer.sign({ ...times, ...payload }, { ...header })
  const signTiles = (tiles: object) => issuer.signTiles(tiles, times)
  const good = sign()
  const [head = '', body = '', signature = ''] = good.split('.')
  const cnf = { 'cookie#S256': createHash('sha256').update(SECRET).digest('base64url') }
  const bearer = (token: string) => [`Authorization: Bearer ${token}`]
  const tokens: Readonly<Record<string, string>> = {
    good,
    expired: sign({ iat: nowSeconds - 700, exp: nowSeconds - 60 }),
    'just expired, within the leeway': sign({ exp: nowSeconds + 1 }),
    'issued in the future': sign({ iat: nowSeconds + 300 }),
    'not yet valid': sign({ nbf: nowSeconds + 300 }),
    'of another issuer': sign({ iss: 'https://other.example' }),
    'for another audience': sign({ aud: 'https://other.example' }),
    'of another kind': sign({ token_type: 'session' }),
    'without exp': sign({ exp: undefined }),
    'with an exp of 1e309': issuer.signSegments(
      encode({ alg: 'RS256', kid: 'k1' }),
      encode('{"exp":1e309}'),
    ),
    'without a scope': sign({ scope: undefined }),
    'with a longer scope': sign({ scope: 'tiles:readonly' }),
    'with an unknown kid': sign({}, { kid: 'k9' }),
    'with alg none': `${encode({ alg: 'none', kid: 'k1' })}.${body}.`,
    'with alg HS256': `${encode({ alg: 'HS256', kid: 'k1' })}.${body}.${signature}`,
    'with alg RS512': sign({}, { alg: 'RS512' }),
    'with a key of its own': sign({}, { jwk: issuer.jwks.keys[0] }),
    'with an unknown crit': sign({}, { crit: ['x'], x: 1 }),
    'with b64 false': sign({}, { crit: ['b64'], b64: false }),
    'with another payload': `${head}.${encode({ ...times, sub: 'x' })}.${signature}`,
    'with a padded signature': `${good}==`,
    'with a changed unused bit': good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A'),
    'with an empty signature': `${head}.${body}.`,
    'with four segments': `${good}.x`,
    'that is too long': sign({ x: 'x'.repeat(4096) }),
    'that is bound': sign({ cnf }),
  }
  const tiles: readonly [string, object, string][] = [
    ['its tileset', { tilesets: ['open'] }, TILE],
    ['another tileset', { tilesets: ['other'] }, TILE],
    ['its area', { bbox: [1, 50, 2, 51] }, TILE],
    ['another area', { bbox: [100, 50, 101, 51] }, TILE],
    ['a deeper zoom', { maxzoom: 2 }, TILE],
    ['a document', { tilesets: ['open'] }, '/data/open.json'],
    ['a document of another', { tilesets: ['open'] }, '/data/other.json'],
    ['no rule', { tilesets: ['open'] }, '/other/open'],
    ['a parameter', { tilesets: ['open'] }, `${TILE}?v=1`],
    ['an empty query', { tilesets: ['open'] }, `${TILE}?`],
    ['a query', { tilesets: ['open'] }, '/q?layer=open&z=3&x=4&y=2'],
    ['an optional parameter', { tilesets: ['open'] }, '/q?v=1&layer=open&z=3&x=4&y=2'],
    ['another in the query', { tilesets: ['open'] }, '/q?layer=other&z=3&x=4&y=2'],
    ['two values', { tilesets: ['open'] }, '/q?layer=open&layer=other&z=3&x=4&y=2'],
    ['two values in two cases', { tilesets: ['open'] }, '/q?layer=open&LAYER=other&z=3&x=4&y=2'],
    ['an escaped name', { tilesets: ['open'] }, '/q?l%61yer=open&z=3&x=4&y=2'],
    ['an escaped value', { tilesets: ['open'] }, '/q?layer=%6fpen&z=3&x=4&y=2'],
    ['a double escape', { tilesets: ['open'] }, '/data/%256fpen/3/4/2.pbf'],
    ['an escaped slash', { tilesets: ['open'] }, '/data%2fopen/3/4/2.pbf'],
    ['an empty segment', { tilesets: ['open'] }, '/data//open/3/4/2.pbf'],
    ['a leading zero', { tilesets: ['open'] }, '/data/open/03/4/2.pbf'],
  ]
  const preflight = ['Origin: https://map.example', 'Access-Control-Request-Method: GET']
  return [
    ...Object.entries(tokens).map(([name, token]) => ({
      name: `a token ${name}`,
      target: TILE,
      headers: bearer(token),
    })),
    ...tiles.map(([name, claims, target]) => ({
      name: `a restricted token and ${name}`,
      target,
      headers: bearer(signTiles(claims)),
    })),
    ...(['HEAD', 'POST', 'PUT', 'OPTIONS'] as const).flatMap((method) => [
      { name: `${method} with a token`, target: TILE, method, headers: bearer(good) },
      { name: `${method} without a token`, target: TILE, method },
    ]),
    { name: 'no credential', target: TILE },
    { name: 'another scheme', target: TILE, headers: ['Authorization: Basic eA=='] },
    { name: 'a scheme in capitals', target: TILE, headers: [`AUTHORIZATION: BEARER ${good}`] },
    { name: 'two tokens', target: TILE, headers: [...bearer(good), ...bearer(good)] },
    {
      name: 'a token and another scheme',
      target: TILE,
      headers: [...bearer(good), 'Authorization: Basic eA=='],
    },
    {
      name: 'two malformed headers',
      target: TILE,
      headers: ['Authorization: x', 'Authorization: y'],
    },
    {
      name: 'a token and a malformed header',
      target: TILE,
      headers: [...bearer(good), 'Authorization: y'],
    },
    {
      name: 'a preflight',
      target: TILE,
      method: 'OPTIONS',
      headers: [...preflight, 'Access-Control-Request-Headers: authorization,baggage,x-real-ip'],
    },
    {
      name: 'a conditional request',
      target: TILE,
      headers: [...bearer(good), 'If-None-Match: "e"'],
    },
    { name: 'a bound token', target: TILE, headers: bearer(sign({ cnf })) },
    {
      name: 'a bound token with its secret',
      target: TILE,
      headers: [...bearer(sign({ cnf })), `Cookie: a=1; __Host-tilepass=${SECRET}`],
    },
    {
      name: 'a bound token with another secret',
      target: TILE,
      headers: [...bearer(sign({ cnf })), 'Cookie: __Host-tilepass=x'],
    },
    { name: 'a token in the query', guard: 'any', target: `${TILE}?token=${good}` },
    { name: 'two in the query', guard: 'any', target: `${TILE}?token=${good}&token=x` },
    {
      name: 'a restricted token in the query',
      guard: 'any',
      target: `${TILE}?token=${signTiles({ tilesets: ['open'] })}`,
    },
    { name: 'a cookie', guard: 'any', target: TILE, headers: [`Cookie: b=1; map=${good}`] },
    { name: 'two cookies', guard: 'any', target: TILE, headers: [`Cookie: map=${good}; map=x`] },
    {
      name: 'header and cookie',
      guard: 'any',
      target: TILE,
      headers: [...bearer(good), `Cookie: map=${good}`],
    },
    { name: 'no credential of any kind', guard: 'any', target: TILE },
    {
      name: 'a restricted token without rules',
      guard: 'untiled',
      target: TILE,
      headers: bearer(signTiles({ tilesets: ['open'] })),
    },
    { name: 'garbage', guard: 'untiled', target: TILE, headers: bearer('x') },
    ...(['absent', 'slow', 'huge', 'redirected'] as const).map((guard) => ({
      name: `a key set that is ${guard}`,
      guard,
      target: TILE,
      headers: bearer(good),
    })),
    { name: 'no token for no key set', guard: 'absent', target: TILE },
  ]
}
