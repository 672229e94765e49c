import { Router, static as serveStatic } from 'express'
import { createStyle } from './demo-style/style.mjs'

/**
 * Styles, glyphs and sprite of the demo. Mount it behind a guard.
 *
 * @param {string} folder Where the demo data lie.
 * @param {string} origin Where they are served.
 */
export function createDemoAssets(folder, origin) {
  const router = Router()
  router.get('/style.json', (_request, response) => {
    response.json(createStyle('light', origin))
  })
  router.get('/style-dark.json', (_request, response) => {
    response.json(createStyle('dark', origin))
  })
  // The guard's headers and ETags decide about caches.
  const options = { index: false, redirect: false, fallthrough: false, cacheControl: false }
  router.use('/glyphs', serveStatic(`${folder}/glyphs`, options))
  router.get(/^\/sprite(?:@2x)?\.(?:json|png)$/, serveStatic(folder, { ...options, etag: false }))
  // Whatever a font lacks: an answer in one line instead of a page.
  router.use((error, _request, response, next) => {
    if (error.status !== 404) return next(error)
    response.status(404).json({ error: 'Not Found', message: 'No such resource' })
  })
  return router
}
