// @ts-check
import { Router, static as serveStatic } from 'express'
import helmet from 'helmet'

const NONE = ["'none'"]
const SELF = ["'self'"]

const PAGE_POLICY = {
  defaultSrc: NONE,
  scriptSrc: SELF,
  workerSrc: SELF,
  styleSrc: SELF,
  // Nothing is loaded from "tilepass:". WebKit judges it all the same when a Leaflet tile is created.
  imgSrc: ["'self'", 'data:', 'blob:', 'tilepass:'],
  connectSrc: SELF,
  baseUri: NONE,
  objectSrc: NONE,
  formAction: NONE,
  frameAncestors: NONE,
}

/** A worker obeys the policy of its own script, not the policy of its page. */
const WORKER_POLICY = { defaultSrc: NONE, scriptSrc: SELF, connectSrc: SELF }

/** @param {Record<string, string[]>} directives */
function withPolicy(directives) {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // The pages are served over plain HTTP on the loopback address.
    strictTransportSecurity: false,
  })
}

/**
 * Serves the built example pages with a strict Content-Security-Policy.
 *
 * @param {string} folder Vite's output.
 * @param {string} origin Of the pages, without a slash at the end.
 */
export function createPages(folder, origin) {
  const router = Router()
  const page = withPolicy(PAGE_POLICY)
  const worker = withPolicy(WORKER_POLICY)
  router.use((request, response, next) => {
    const isWorker = /^\/assets\/[^/]*worker[^/]*\.m?js$/.test(request.path)
    return (isWorker ? worker : page)(request, response, next)
  })
  // Styles name tiles by absolute URLs of this origin, to which a page on "localhost" is cross-origin.
  router.use((request, response, next) => {
    const { hostname, originalUrl } = request
    if (hostname !== 'localhost' || !originalUrl.startsWith('/')) return next()
    // Concatenated, not resolved: a path such as "//other.example/" must not leave this origin.
    response.redirect(307, origin + originalUrl)
  })
  router.use(
    '/assets',
    serveStatic(`${folder}/assets`, { immutable: true, maxAge: '1y', index: false }),
  )
  router.use(serveStatic(folder, { cacheControl: false }))
  router.use((_request, response) => {
    response.status(404).type('text').send('Page not found. The example pages start at /.\n')
  })
  return router
}
