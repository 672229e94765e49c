import { expect, test } from 'vitest'
import { createRouteTable } from '../../src/http/route-table.ts'
import { addRoute, createRouter } from '../../src/http/router.ts'
import { UNKNOWN_ROUTE } from '../../src/observe/route-name.ts'

const inner = createRouter()
addRoute(inner, '/v1/tiles/:tileset/:z/:x/:file', {})
addRoute(inner, '/v1/tiles/:tileset/metadata', {})
const geog = createRouter()
geog.use('/v1/tiles', (_request, _response, next) => next())
geog.use(inner)
const login = createRouter()
addRoute(login, '/token', {})
const find = createRouteTable([
  { surface: 'geog', router: geog },
  { surface: 'login', router: login },
])

test.each([
  ['/token', 'login', '/token'],
  ['/v1/tiles/world/0/0/0.mvt', 'geog', '/v1/tiles/:tileset/:z/:x/:file'],
  ['/v1/tiles/world/metadata', 'geog', '/v1/tiles/:tileset/metadata'],
  ['/v1/tiles/a%2Fb/metadata', 'geog', '/v1/tiles/:tileset/metadata'],
])('%s is a route of %s', (path, surface, route) => {
  expect(find(path)).toEqual({ surface, route })
})

test.each([
  '',
  '/',
  '/Token',
  '/token/',
  '//token',
  '/tok%65n',
  '/v1/tiles//metadata',
  '/v1/tiles/:tileset/metadata/x',
  '/__proto__',
  `/${'a/'.repeat(5_000)}`,
])('no path without a route has a name of its own: %j', (path) => {
  expect(find(path)).toBe(UNKNOWN_ROUTE)
})
