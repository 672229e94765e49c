import type { IncomingMessage } from 'node:http'

/** Which route a request has asked for. There are only so many, whatever paths clients ask for. */
export interface RouteName {
  /** Name of the API. */
  readonly surface: string
  /** Template of the path, such as `/v1/tiles/:tileset/metadata`. */
  readonly route: string
}

/** The one name of all paths without a route. */
export const UNKNOWN_ROUTE: RouteName = { surface: 'none', route: 'unknown' }

/** Where a gateway asks about a request to another server. */
export const VERIFY_ROUTE = '/verify'

/** Routes of which a map requests many: a tile, or a gateway's question about one. */
const TILE_ROUTES = new Set(['/v1/tiles/:tileset/:z/:x/:file', VERIFY_ROUTE])

/** Is this a route of single tiles? */
export function isTileRoute({ route }: RouteName): boolean {
  return TILE_ROUTES.has(route)
}

const names = new WeakMap<IncomingMessage, RouteName>()

/** Notes the route of a request, for its line in the log. */
export function noteRoute(request: IncomingMessage, name: RouteName): void {
  names.set(request, name)
}

/** The route that was noted, if any. */
export function findNotedRoute(request: IncomingMessage): RouteName | undefined {
  return names.get(request)
}
