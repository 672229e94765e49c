import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createBroker } from '@tilepass/broker'
import { guard } from '@tilepass/guard'
import express from 'express'
import { createDemoAssets } from './demo-assets.mjs'
import { createPages } from './pages.mjs'

/** As in the broker's own listener: ms until slow clients, and whatever runs at the end, are cut off. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 12_000,
  connectionsCheckingInterval: 2_000,
}
const FORCE_CLOSE_AFTER = 9_000

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const say = (line) => process.stdout.write(`${line}\n`)

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function readPort(value = '8080') {
  const port = Number(value)
  if (/^\d+$/.test(value) && port > 0 && port < 65_536) return port
  return fail(`PORT must be a number from 1 to 65535 (given: "${value}").`)
}

const port = readPort(process.env.PORT || undefined)
const origin = `http://127.0.0.1:${port}`

const app = express()
app.disable('x-powered-by')
const running = new Set()
let isStopping = false
app.use((_request, response, next) => {
  running.add(response)
  if (isStopping) response.set('Connection', 'close')
  response.once('close', () => running.delete(response))
  next()
})
let open = () => {}
const isOpen = new Promise((resolve) => {
  open = resolve
})
// The first start makes keys; whoever comes meanwhile waits.
app.use((_request, _response, next) => void isOpen.then(() => next()))
const server = createServer(TIMEOUTS, app)
server.listen(port, '127.0.0.1')
try {
  // Before the broker opens its data: a second start by mistake touches nothing.
  await once(server, 'listening')
} catch (error) {
  if (error.code === 'EADDRINUSE')
    fail(
      `Port ${port} is in use. Choose another one: PORT=${port === 8080 ? 8081 : 8080} npm start`,
    )
  fail(`Port ${port} cannot be opened: ${error.message}. Choose another one with PORT.`)
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
}).catch((error) => fail(error.message))

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
// Express's own would show where in the code it happened.
app.use((error, _request, response, next) => {
  if (response.headersSent) return next(error)
  const isRefusal = error.status >= 400 && error.status < 500
  if (!isRefusal) process.stderr.write(`${error.stack}\n`)
  const [status, words] = isRefusal ? [error.status, 'Bad request'] : [500, 'Something went wrong']
  response.status(status).set('Cache-Control', 'no-store').type('text').send(`${words}.\n`)
})
open()

say(`Tilepass is running on ${origin}/`)
say('Stop it with Ctrl+C.')

async function stop() {
  isStopping = true
  for (const response of running) if (!response.headersSent) response.set('Connection', 'close')
  // Browsers open connections in advance, on which nothing is asked: they end with the last request.
  const quiet = setInterval(() => running.size === 0 && server.closeAllConnections(), 100)
  const force = setTimeout(() => server.closeAllConnections(), FORCE_CLOSE_AFTER)
  server.close()
  await once(server, 'close')
  clearInterval(quiet)
  clearTimeout(force)
  await broker.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
