import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join, normalize } from 'node:path'
import express, { type Express, type Request, type Response } from 'express'
import { transformWithOxc } from 'vite'
import { LIBRARIES } from '../pages/libraries.ts'
import { root } from '../repository.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { createControl, type Minimise } from './control.ts'

/** A request of the page for a resource, or its preflight. */
export interface SeenRequest {
  /** What the page was doing, by its own words. */
  readonly phase: string
  /** Which of the site's servers was asked, by the name that the test gave it. */
  readonly server: string
  readonly method: string
  readonly path: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly status: number
  /** Size of the answer, head and body. */
  readonly bytes: number
}

/** What a page reports when its scenario has ended. */
export interface Report {
  /** The browser's name for itself. */
  readonly agent: string
  /** Every error that nobody caught, and that of the scenario. */
  readonly errors: readonly string[]
  /** What `run` of the scenario resolved to; null if it failed. */
  readonly result: unknown
}

/** A page that runs a scenario by itself, and servers for what it loads. */
export interface Site {
  /** The page that runs a scenario, a path below `test/`. */
  pageOf(scenario: string): string
  readonly requests: SeenRequest[]
  /** What the page reported. */
  readonly report: Promise<Report>
  close(): void
}

const HEAD = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>#map{position:relative;overflow:hidden;width:350px;height:290px}
.leaflet-pane,.leaflet-tile,.leaflet-tile-container{position:absolute;left:0;top:0}</style>
<div id="map"></div>
<script type="importmap">{ "imports": { "pmtiles": "/lib/pmtiles.mjs", "fflate": "/lib/fflate.mjs" } }</script>
<script>
  const errors = []
  const say = (error) => errors.push(String(error?.message ?? error))
  addEventListener('error', ({ error, message, target }) => {
    if (target === window) say(error ?? message)
    else if (target.localName === 'script') say(target.src + ' does not load')
  }, true)
  addEventListener('unhandledrejection', ({ reason }) => say(reason))
  const post = (result) => fetch('/report', { method: 'POST', body: JSON.stringify({ agent: navigator.userAgent, errors, result: result ?? null }) })
</script>
<script src="/lib/leaflet-1.js"></script><script src="/lib/tilepass-leaflet.iife.js"></script>`

/** A page that imports `run` of a scenario, and posts what it resolves to. */
const runner = (scenario: string, urls: object) => `${HEAD}
<script type="module">
  import('/test/${scenario}').then(({ run }) => run(${JSON.stringify(urls)})).catch(say).then(post)
</script>`

/**
 * Servers by name, `page` among them. They may read the URLs of all of them, and of `control`, once a request
 * arrives.
 */
export type CreateServers = (urls: Readonly<Record<string, string>>) => Record<string, Express>

/**
 * Starts a site: the servers, each on an origin of its own, on that of `page` the page as well, and `control`.
 *
 * @param findMinimise Finds out how to minimise the browser's window, once a page asks for it.
 */
export async function startSite(
  createServers: CreateServers,
  findMinimise: () => Minimise | undefined,
): Promise<Site> {
  const requests: SeenRequest[] = []
  const urls: Record<string, string> = {}
  let phase = 'start'
  let resolve: (report: Report) => void
  const report = new Promise<Report>((settle) => {
    resolve = settle
  })

  const watch = (server: string, request: Request, response: Response) => {
    const { method, path, url, headers, socket } = request
    const before = socket.bytesWritten
    const asked = phase
    response.on('close', () => {
      requests.push({
        phase: asked,
        server,
        method,
        path,
        url,
        headers,
        status: response.statusCode,
        bytes: socket.bytesWritten - before,
      })
    })
  }

  const page = express()
  page.get('/run', (request, response) => {
    response.type('html').send(runner(String(request.query.scenario), urls))
  })
  page.get('/lib/*file', ({ path }, response) => {
    response.type('text/javascript').send(readFileSync(LIBRARIES[path] ?? ''))
  })
  page.get('/test/*file', async ({ path }, response) => {
    const file = join(root, normalize(path))
    const { code } = await transformWithOxc(readFileSync(file, 'utf8'), file)
    response.type('text/javascript').send(code)
  })
  page.post('/phase', express.text(), ({ body }, response) => {
    phase = body
    response.end()
  })
  page.post('/report', express.json({ type: '*/*' }), ({ body }, response) => {
    response.end()
    resolve(body)
  })

  const started = new Map<string, TestServer>()
  const start = async (name: string, app: Express) => {
    const server = await startServer(app)
    urls[name] = server.url
    started.set(name, server)
  }
  await start('control', createControl(started, findMinimise))
  for (const [name, app] of Object.entries(createServers(urls))) {
    const own = express()
    if (name === 'page') own.use(page)
    own.use((request, response, next) => {
      watch(name, request, response)
      next()
    })
    own.use(app)
    await start(name, own)
  }
  return {
    pageOf: (scenario) => `${urls.page}/run?scenario=${scenario}`,
    requests,
    report,
    close: () => {
      for (const server of started.values()) server.close()
    },
  }
}
