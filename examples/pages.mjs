import { Router, static as serveStatic } from 'express'
import helmet from 'helmet'

const NONE = ["'none'"]
const SELF = ["'self'"]

const PAGE_POLICY = {
  defaultSrc: NONE,
  scriptSrc: SELF,
  workerSrc: SELF,
  styleSrc: SELF,
  imgSrc: ["'self'", 'data:', 'blob:'],
  connectSrc: SELF,
  baseUri: NONE,
  objectSrc: NONE,
  formAction: NONE,
  frameAncestors: NONE,
}

/** A worker ignores the policy of its page and obeys the one that its script came with. */
const WORKER_POLICY = { defaultSrc: NONE, scriptSrc: SELF, connectSrc: SELF }

function withPolicy(directives) {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // This is plain HTTP on the loopback address.
    strictTransportSecurity: false,
  })
}

/**
 * The built example pages, under a strict Content-Security-Policy.
 *
 * @param {string} folder What Vite has built.
 * @param {string} origin Where the pages are at home.
 */
export function createPages(folder, origin) {
  const router = Router()
  const page = withPolicy(PAGE_POLICY)
  const worker = withPolicy(WORKER_POLICY)
  router.use((request, response, next) => {
    const isWorker = /^\/assets\/[^/]*worker[^/]*\.m?js$/.test(request.path)
    return (isWorker ? worker : page)(request, response, next)
  })
  // Tiles are asked for by their full address, which would be a foreign one under another name.
  router.use((request, response, next) => {
    const { hostname, originalUrl } = request
    if (hostname !== 'localhost' || !originalUrl.startsWith('/')) return next()
    // Not resolved against it: "//other.example/" would lead there.
    response.redirect(307, origin + originalUrl)
  })
  router.use(
    '/assets',
    serveStatic(`${folder}/assets`, { immutable: true, maxAge: '1y', index: false }),
  )
  router.use(serveStatic(folder, { cacheControl: false }))
  router.use((_request, response) => {
    response.status(404).type('text').send('There is no such page.\n')
  })
  return router
}
