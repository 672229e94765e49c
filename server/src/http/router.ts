import { type RequestHandler, Router } from 'express'
import { MethodNotAllowedError, NotFoundError } from '../errors.ts'

/** Creates a router that compares paths exactly: case and a trailing slash count. */
export function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true })
}

/** In the order of the `Allow` header. */
const METHODS = ['get', 'post', 'patch', 'delete', 'options'] as const

/** The handlers of one path, by method; `get` also answers HEAD. */
export type Route<Path extends string = string> = {
  readonly [method in (typeof METHODS)[number]]?: RequestHandler<PathParameters<Path>>
} & {
  /** Runs first for every method, also before a 405. */
  readonly all?: RequestHandler<PathParameters<Path>>
  /**
   * Creates the handler that opens the route to other origins and answers OPTIONS. It runs before
   * every other handler.
   *
   * @param methods The route's methods, OPTIONS included, as in `Allow`.
   */
  readonly cors?: (methods: string) => RequestHandler
}

/**
 * Adds a route. Methods without a handler are answered with 405 and an `Allow` header that lists the
 * others.
 */
export function addRoute<Path extends string>(
  router: Router,
  path: Path,
  handlers: Route<Path>,
): void {
  const allow = formatAllow(handlers)
  const route = router.route<string>(path)
  if (handlers.cors) route.all(handlers.cors(allow))
  if (handlers.all) route.all<PathParameters<Path>>(handlers.all)
  for (const method of METHODS) {
    const handler = handlers[method]
    if (handler) route[method]<PathParameters<Path>>(handler)
  }
  route.all(() => {
    throw new MethodNotAllowedError(allow)
  })
}

/** Answers 404; for the paths below a prefix that no route has taken. */
export const refuseUnknownPath: RequestHandler = () => {
  throw new NotFoundError()
}

function formatAllow<Path extends string>(handlers: Route<Path>): string {
  return METHODS.filter((method) => handlers[method] || (method === 'options' && handlers.cors))
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ')
}

/** The parameters of a path such as `/tokens/:id/expire`. */
type PathParameters<Path extends string> = string extends Path
  ? Record<string, string>
  : Path extends `${string}:${infer Name}/${infer Rest}`
    ? { [key in Name]: string } & PathParameters<`/${Rest}`>
    : Path extends `${string}:${infer Name}`
      ? { [key in Name]: string }
      : Record<never, string>
