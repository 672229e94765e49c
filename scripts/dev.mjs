// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer as createNetServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describePortError, parsePort } from '../examples/port.mjs'
import { build } from './build.mjs'
import { root } from './setup.mjs'

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

const examples = join(root, 'examples')

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}

/**
 * Decides whether Vite answers a request: it does for its own modules and for paths that begin with
 * the name of a file or folder in `examples`. The example server answers the rest.
 *
 * @param {string} url
 */
function isPage(url) {
  const first = /^\/([^/?#]*)/.exec(url)?.[1] ?? ''
  return (
    first === '' ||
    first.startsWith('@') ||
    first === 'node_modules' ||
    existsSync(join(examples, first)) ||
    existsSync(join(examples, 'public', first))
  )
}

/**
 * Starts Vite. It serves the pages and forwards every other request to the example server.
 *
 * @param {number} port
 * @param {number} serverPort
 */
async function startVite(port, serverPort) {
  const { createServer } = await import('vite')
  const vite = await createServer({
    root: examples,
    appType: 'mpa',
    clearScreen: false,
    server: {
      host: '127.0.0.1',
      port,
      strictPort: true,
      proxy: {
        '/': {
          target: `http://127.0.0.1:${serverPort}`,
          // Pages on "localhost" go to the server too, which redirects them to 127.0.0.1.
          bypass: ({ url = '/', headers }) =>
            isPage(url) && !headers.host?.startsWith('localhost') ? url : undefined,
        },
      },
    },
  })
  await vite.listen()
  return vite
}

/** Compiles guard and server whenever a source changes. @returns {Promise<ChildProcess>} */
async function startCompiler() {
  // Not `.bin/tsc`: on Node 20 that is a wrapper, and stopping it would leave the compiler running.
  const path = join(root, 'node_modules/typescript/lib/getExePath.js')
  const { default: getExePath } = await import(pathToFileURL(path).href)
  const args = ['-b', '--watch', '--preserveWatchOutput', 'packages/guard', 'server']
  return spawn(getExePath(), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}

/**
 * Runs the example server, and restarts it whenever a module that it imported changes.
 *
 * @param {string} origin Of the pages, which Vite serves.
 * @param {number} port Of the example server.
 * @returns {ChildProcess}
 */
function startServer(origin, port) {
  const args = ['--watch', '--watch-preserve-output', join(examples, 'serve.mjs')]
  return spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PORT: String(port), TILEPASS_DEV_ORIGIN: origin },
  })
}

/**
 * Opens a port and closes it again.
 *
 * @param {number} port 0 takes a free one.
 * @returns {Promise<number>} The port.
 * @throws Node's error if it cannot be opened.
 */
async function tryPort(port) {
  const probe = createNetServer().listen(port, '127.0.0.1')
  await once(probe, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (probe.address())
  probe.close()
  await once(probe, 'close')
  return address.port
}

function readPort() {
  try {
    return parsePort(process.env.PORT)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const port = readPort()
await build(['server'])
await tryPort(port).catch((error) => fail(describePortError(error, port, 'npm run dev')))
const serverPort = await tryPort(0)
const vite = await startVite(port, serverPort)
const children = [await startCompiler(), startServer(`http://127.0.0.1:${port}`, serverPort)]

let isStopping = false
async function stop(exitCode = 0) {
  if (isStopping) return
  isStopping = true
  for (const child of children) child.kill()
  await vite.close()
  await Promise.all(children.map(hasExited))
  process.exit(exitCode)
}

/** @param {ChildProcess} child */
async function hasExited(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

for (const child of children) {
  child.once('exit', () => {
    if (!isStopping) console.error('A part of "npm run dev" ended; its output above says why.')
    void stop(1)
  })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop())
// A signal to npm ends npm's shell, which does not pass the signal on.
if (process.env.npm_lifecycle_event === 'dev') {
  const shell = process.ppid
  setInterval(() => process.ppid !== shell && stop(), 500)
}
