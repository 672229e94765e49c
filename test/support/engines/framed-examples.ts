import { request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import express, { type Express } from 'express'
import { FEW_FRAMES } from '../pages/panning.ts'
import { type ExampleServer, startExamples } from '../servers/example-server.ts'

/** Runs before the scripts of a framed page: hands its window to the page around it. */
const WATCH = `if (parent !== window) parent.watch(window); ${FEW_FRAMES}`
const WATCHER = '<script src="/watch.js"></script>'

/** The example pages on a server of a scenario, ready to be framed by its page. */
export interface FramedExamples {
  readonly app: Express
  stop(): Promise<void>
}

/**
 * Creates an app with everything that `npm start` serves, which differs in two ways: a page of the same
 * origin may frame it, and each page first calls `watch(window)` of the page around it. Also serves axe,
 * at `/axe.js`.
 *
 * @param findOrigin The app's own origin; called at the first request.
 */
export function frameExamples(findOrigin: () => string): FramedExamples {
  const app = express()
  let starting: Promise<ExampleServer> | undefined
  app.get('/axe.js', (_request, response) =>
    response.sendFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js')),
  )
  app.get('/watch.js', (_request, response) => void response.type('text/javascript').send(WATCH))
  app.use(async (request, response) => {
    starting ??= startExamples(findOrigin())
    const { origin } = await starting
    const { method, headers } = request
    const asked = ask(origin + request.originalUrl, { method, headers }, async (answer) => {
      response.writeHead(answer.statusCode ?? 502, toFramable(answer.headers))
      if (!isPage(answer)) return void answer.pipe(response)
      response.end((await text(answer)).replace('<head>', `<head>${WATCHER}`))
    })
    asked.on('error', () => response.destroy())
    request.pipe(asked)
  })
  return { app, stop: async () => (await starting)?.stop() }
}

const isPage = ({ headers }: IncomingMessage) => headers['content-type']?.startsWith('text/html')

function toFramable(given: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'x-frame-options': _denied, 'content-security-policy': policy, ...headers } = given
  // A page gets longer.
  if (headers['content-type']?.startsWith('text/html')) delete headers['content-length']
  if (policy === undefined) return headers
  const own = String(policy).replace("frame-ancestors 'none'", "frame-ancestors 'self'")
  return { ...headers, 'content-security-policy': own }
}
