import type { ListedRoute } from '../brokers/list-routes.ts'
import { code, GENERATED, toTable } from './markdown.ts'
import { ROUTES, type RouteFacts } from './routes.ts'

const INTRODUCTION = `# HTTP

Every route of the broker. \`GET\` answers \`HEAD\` as well; other methods are answered with 405 and \`Allow\`. A surface can be switched off: \`"surfaces": { "mapbox": false }\`. Where a scope is named, the token goes, unless a heading says otherwise, into \`Authorization: Bearer …\`. What a page needs is \`POST /map-token\` and the tiles; the other APIs are for clients that know them.

| refusal | |
|---|---|
| 400 | the request is malformed, or carries two credentials |
| 401 | no token, or one that is invalid, expired or revoked; \`WWW-Authenticate\` says which |
| 403 | the token, or the origin of the page, may not do this |
| 429 | a limit is used up; \`Retry-After\` says when to try again |
| 502, 503 | an upstream refuses (502), or does not answer, or the broker is not ready (503, with \`Retry-After\`) |

The body of a refusal has the shape of its API: RFC 6749 for \`map-token\` and \`oauth\`, RFC 9457 for \`geolens\`, and those of Geog, Mapbox and GeoLens's sign-in for the others.`

const TITLES: Readonly<Record<string, string>> = {
  'map-token': 'Tokens for pages',
  'well-known': 'For guards on other servers (always on)',
  geog: 'Geog API: exchange, tiles, places, usage, administration',
  geolens: 'GeoLens download tokens',
  login: 'Sign-in',
  mapbox: 'Mapbox Tokens API, the token in `?access_token=`',
  oauth: 'OAuth 2.0',
  verify: 'Forward auth (with `verify` in the configuration)',
  health: 'Health (not in a mounted broker)',
  metrics: 'Metrics (with `metrics` in the configuration, on a listener of their own)',
}

/** A route of a surface. */
export interface SurfaceRoute extends ListedRoute {
  readonly surface: string
}

/**
 * Writes `docs/reference/http.md`.
 *
 * @param routes The routes of a broker that serves everything.
 * @throws Error if a route is not described in `routes.ts`, or a description has no route.
 */
export function renderHttp(routes: readonly SurfaceRoute[]): string {
  const rest = new Map(Object.entries(ROUTES))
  const find = ({ method, path }: ListedRoute): RouteFacts => {
    const key = `${method} ${path}`
    const facts = rest.get(key)
    if (!facts) throw new Error(`test/support/reference/routes.ts does not describe "${key}"`)
    rest.delete(key)
    return facts
  }
  const sections = Object.entries(TITLES).map(([surface, title]) => {
    const rows = routes
      .filter((route) => route.surface === surface && route.method !== 'HEAD')
      .map((route) => {
        const { what, needs } = find(route)
        return [code(`${route.method} ${toTemplate(route.path)}`), what, needs]
      })
    const name =
      surface in { health: 1, 'well-known': 1, verify: 1, metrics: 1 } ? '' : `, ${code(surface)}`
    return `## ${title}${name}\n\n${toTable(['route', 'what', 'needs'], rows)}`
  })
  const [unused] = rest.keys()
  if (unused !== undefined) throw new Error(`There is no route "${unused}"`)
  return `${[GENERATED, INTRODUCTION, ...sections].join('\n\n')}\n`
}

/** `/tokens/:id` as `/tokens/{id}`. */
const toTemplate = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}')
