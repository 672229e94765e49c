// @ts-check
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { findFreePort } from '../support/bench/free-port.mjs'
import { readMemory, SERVER_CORE, startOn } from '../support/bench/processes.mjs'
import { waitForAnswer } from '../support/bench/starts.mjs'
import { startLoad } from '../support/bench/subjects.mjs'

// What commands take, and the broker in memory.

export const title = 'Start, memory and size'

const BIN = fileURLToPath(new URL('../../server/bin/tilepass.js', import.meta.url))
const BARE_EXPRESS = fileURLToPath(new URL('../support/bench/bare-express.mjs', import.meta.url))
const EXPRESS = fileURLToPath(import.meta.resolve('express'))

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  return [...(await measureCommands(quick)), ...(await measureMemory(quick))]
}

/** Time on the clock of a whole process, in µs. @param {readonly string[]} args */
const toCommand = (args) => async () => {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return (performance.now() - startedAt) * 1000
}

/** @param {boolean} quick */
async function measureCommands(quick) {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  execFileSync(process.execPath, [BIN, 'account', 'create', 'city', '--data', data])
  try {
    const get = await measureInRounds(
      {
        list: toCommand([BIN, 'token', 'list', '--data', data]),
        version: toCommand([BIN, '--version']),
        express: toCommand(['--input-type=module', '--eval', `await import('${EXPRESS}')`]),
        node: toCommand(['--eval', '0']),
      },
      { rounds: quick ? 1 : 9, count: 1 },
    )
    const show = (/** @type {string} */ name) => `(${(median(get(name)) / 1000).toFixed(0)} ms)`
    return [
      {
        name: `tilepass token list ${show('list')}`,
        against: `node that imports Express ${show('express')}`,
        ...toRatio(get('list'), get('express')),
        limit: 2,
      },
      {
        name: `tilepass --version ${show('version')}`,
        against: `node that does nothing ${show('node')}`,
        ...toRatio(get('version'), get('node')),
        limit: 4,
      },
    ]
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

/** @param {boolean} quick */
async function measureMemory(quick) {
  const count = quick ? 100 : 1_000_000
  const load = startLoad()
  const broker = await startBroker({ settings: { logTiles: 0.01 } })
  try {
    const [idle, peerIdle] = [readMemory(broker.pid), await measureIdleExpress()]
    const requests = await toRequests(broker.url)
    await load.send(broker.url, quick ? 100 : 20_000, requests)
    const warm = readMemory(broker.pid)
    await load.send(broker.url, count, requests)
    const used = readMemory(broker.pid)
    const show = (/** @type {number} */ memory) => `${memory.toFixed(0)} MB`
    return [
      {
        name: `memory of the broker, idle (${show(idle)})`,
        against: `a bare Express server, idle (${show(peerIdle)})`,
        ratio: idle / peerIdle,
        limit: 2,
      },
      {
        name: `… after ${count.toLocaleString('en')} more tokens and tiles (${show(used)})`,
        against: `after the first ones (${show(warm)})`,
        ratio: used / warm,
        limit: 1.3,
      },
    ]
  } finally {
    load.close()
    await broker.close()
  }
}

/** A token and a tile, in turn. @param {string} url */
async function toRequests(url) {
  const post = {
    path: '/map-token',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"grant":"shared"}',
  }
  const response = await fetch(url + post.path, post)
  /** @type {any} */
  const { access_token: token } = await response.json()
  const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' }
  return [post, { path: '/v1/tiles/world/0/0/0.mvt', headers }]
}

/** In MB. */
async function measureIdleExpress() {
  const port = await findFreePort()
  const child = startOn(SERVER_CORE, [BARE_EXPRESS, String(port)])
  await waitForAnswer(child, `http://127.0.0.1:${port}/healthz`)
  const memory = readMemory(child.pid)
  child.kill()
  return memory
}
