// @ts-check
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createBroker, createProtectedServer } from '@tilepass/broker'
import { guard } from '@tilepass/guard'
import express from 'express'
import { createDemoAssets } from './demo-assets.mjs'
import { createPages } from './pages.mjs'
import { describePortError, parsePort } from './port.mjs'

/** When stopping: requests that still run after this many ms are cut off. */
const FORCE_CLOSE_AFTER = 9_000

/** @param {string} path */
const at = (path) => fileURLToPath(new URL(path, import.meta.url))
/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`)

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function readPort() {
  try {
    return parsePort(process.env.PORT)
  } catch (error) {
    return fail(messageOf(error))
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}

const port = readPort()
// `npm run dev` serves the pages itself and forwards other requests to this server.
const origin = process.env.TILEPASS_DEV_ORIGIN || `http://127.0.0.1:${port}`

const app = express()
app.disable('x-powered-by')
/** @type {Set<express.Response>} */
const running = new Set()
let isStopping = false
app.use((_request, response, next) => {
  running.add(response)
  if (isStopping) response.set('Connection', 'close')
  response.once('close', () => running.delete(response))
  next()
})
/** @type {(value?: unknown) => void} */
let open = () => {}
const isOpen = new Promise((resolve) => {
  open = resolve
})
// The first start generates keys; requests that arrive in the meantime wait for the routes below.
app.use((_request, _response, next) => void isOpen.then(() => next()))
const server = createProtectedServer(app)
server.listen(port, '127.0.0.1')
try {
  // Before the broker opens its data, so that a second start by mistake does not touch them.
  await once(server, 'listening')
} catch (error) {
  fail(describePortError(error, port, 'npm start'))
}

const broker = await createBroker({
  data: process.env.TILEPASS_DATA || './data',
  ...(process.env.TILEPASS_ISSUER ? { issuer: process.env.TILEPASS_ISSUER } : {}),
  publicUrl: origin,
  demo: true,
  geog: { places: at('demo-data/places.geojson') },
  tilesets: {
    world: { path: at('demo-data/world.pmtiles') },
    'world-raster': { path: at('demo-data/world-raster.pmtiles') },
  },
  datasets: {
    earth: {
      id: '0e5b7a52-6f1c-4d7e-9a3b-5c2d1e8f4a60',
      path: at('demo-data/earth.tif'),
      account: 'demo',
      public: true,
    },
    'earth-private': {
      id: '9d3f6c18-2b7a-4e05-8c41-7a6e0b9d5f32',
      path: at('demo-data/earth.tif'),
      account: 'demo',
    },
  },
}).catch((error) => fail(messageOf(error)))

app.use(broker.router)
app.use(
  '/v1',
  guard({
    verifier: broker.verifier,
    scope: 'tiles:read',
    credentials: { query: 'access_token' },
  }),
  createDemoAssets(at('demo-data'), origin),
)
app.use(createPages(at('dist'), origin))
app.use(renderError)
open()

say(`Tilepass is running on ${origin}/`)
say('Stop it with Ctrl+C.')

/**
 * Replaces Express's error page, which shows a stack trace.
 *
 * @type {express.ErrorRequestHandler}
 */
function renderError(error, _request, response, next) {
  if (response.headersSent) return next(error)
  const isRefusal = error.status >= 400 && error.status < 500
  if (!isRefusal) process.stderr.write(`${error.stack}\n`)
  const [status, text] = isRefusal
    ? [error.status, 'Bad request.']
    : [500, 'Internal server error; the terminal of the server shows its cause.']
  response.status(status).set('Cache-Control', 'no-store').type('text').send(`${text}\n`)
}

async function stop() {
  isStopping = true
  for (const response of running) if (!response.headersSent) response.set('Connection', 'close')
  // Browsers open spare connections without a request. They are closed with the last running request.
  const quiet = setInterval(() => running.size === 0 && server.closeAllConnections(), 100)
  const force = setTimeout(() => server.closeAllConnections(), FORCE_CLOSE_AFTER)
  server.close()
  await once(server, 'close')
  clearInterval(quiet)
  clearTimeout(force)
  await broker.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
