import type { Broker } from '../../../server/src/index.ts'

/** A route of a broker, as in `{ method: 'POST', path: '/v1/admin/tokens/:id/expire' }`. */
export interface ListedRoute {
  readonly method: string
  readonly path: string
}

/**
 * Lists every route of a broker, read from its router: a route that is added later is listed as well.
 * OPTIONS is left out, because it answers preflights only.
 */
export function listRoutes({ router }: Broker): readonly ListedRoute[] {
  return listBelow(router).filter(({ method }) => method !== 'OPTIONS')
}

function listBelow(router: unknown): ListedRoute[] {
  const layers: unknown = read(router, 'stack')
  if (!Array.isArray(layers)) return []
  return layers.flatMap((layer: unknown) => {
    const route = read(layer, 'route')
    if (route === undefined) return listBelow(read(layer, 'handle'))
    const path = String(read(route, 'path'))
    const methods = read(route, 'methods')
    return Object.keys(typeof methods === 'object' && methods ? methods : {})
      .filter((method) => method !== '_all')
      .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
      .map((method) => ({ method, path }))
  })
}

// Express does not declare the types of what its routers are made of.
function read(value: unknown, name: string): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject ? Reflect.get(value, name) : undefined
}
