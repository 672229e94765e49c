import express, { type Express } from 'express'
import type { TestServer } from '../servers/start-server.ts'

/** Minimises the window of the browser, and resolves to what shows it again. */
export type Minimise = () => Promise<() => Promise<void>>

/**
 * A server by which a page changes the world around it: of another origin, so that it can be asked while
 * the others are away.
 *
 * @param servers The servers of the site, by name.
 * @param findMinimise Undefined for a browser without a window.
 */
export function createControl(
  servers: ReadonlyMap<string, TestServer>,
  findMinimise: () => Minimise | undefined,
): Express {
  const app = express()
  let restore = async () => {}
  app.use((_request, response, next) => {
    response.set('Access-Control-Allow-Origin', '*')
    next()
  })
  app.post('/refuse/:server', ({ params }, response) => {
    servers.get(params.server)?.refuse()
    response.end()
  })
  app.post('/accept/:server', async ({ params }, response) => {
    await servers.get(params.server)?.accept()
    response.end()
  })
  app.post('/minimise', async (_request, response) => {
    const minimise = findMinimise()
    if (minimise) restore = await minimise()
    response.status(minimise ? 200 : 501).end()
  })
  app.post('/restore', async (_request, response) => {
    await restore()
    response.end()
  })
  return app
}
