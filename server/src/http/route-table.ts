import type { Router } from 'express'
import { type RouteName, UNKNOWN_ROUTE } from '../observe/route-name.ts'

/** Finds the route of a path, for log and metrics; {@link UNKNOWN_ROUTE} if there is none. */
export type FindRoute = (path: string) => RouteName

/** The routes of an HTTP API. */
export interface RoutesOf {
  /** Name of the API. */
  readonly surface: string
  readonly router: Router
}

interface Entry {
  readonly name: RouteName
  /** Segments of the template; `undefined` where it has a parameter. */
  readonly segments: readonly (string | undefined)[]
}

/**
 * Creates the function that finds routes by path. It does not depend on which handler answers, because a
 * guard or a limit refuses requests before their route is reached.
 */
export function createRouteTable(surfaces: readonly RoutesOf[]): FindRoute {
  const byLength = new Map<number, Entry[]>()
  for (const { surface, router } of surfaces)
    for (const route of listPaths(router)) {
      const segments = route
        .split('/')
        .map((segment) => (segment.startsWith(':') ? undefined : segment))
      const others = byLength.get(segments.length) ?? []
      byLength.set(segments.length, [...others, { name: { surface, route }, segments }])
    }

  return (path) => {
    const given = path.split('/')
    const found = byLength
      .get(given.length)
      ?.find(({ segments }) =>
        segments.every((segment, at) =>
          segment === undefined ? given[at] !== '' : segment === given[at],
        ),
      )
    return found?.name ?? UNKNOWN_ROUTE
  }
}

/** The paths of the routes of a router and of the routers in it. */
function listPaths(router: Router): readonly string[] {
  return router.stack.flatMap(({ route, handle }) => {
    if (route) return [route.path]
    return isRouter(handle) ? listPaths(handle) : []
  })
}

function isRouter(handle: object): handle is Router {
  return Array.isArray(Reflect.get(handle, 'stack'))
}
