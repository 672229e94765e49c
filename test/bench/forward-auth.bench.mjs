// @ts-check
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { forwardAuth } from '@tilepass/guard'
import { findProgram } from '../../scripts/gateways.mjs'
import { findFreePort } from '../support/bench/free-port.mjs'
import { startIssuer } from '../support/bench/issuer.mjs'
import { load, percentile } from '../support/bench/load.mjs'

const ROUNDS = 7
const REQUESTS = 1_000
const RECIPE = new URL('../../examples/gateways/nginx/nginx.conf', import.meta.url)

/**
 * @typedef {{ readonly url: string, close(): Promise<void> }} RunningNginx
 * @typedef {import('node:net').AddressInfo} AddressInfo
 */

/** @param {import('node:http').RequestListener} handler */
async function startServer(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${portOf(server)}`,
    close: () => server.close().closeAllConnections(),
  }
}

/** @param {import('node:net').Server} server */
function portOf(server) {
  return /** @type {AddressInfo} */ (server.address()).port
}

/**
 * Starts nginx with the recipe's configuration.
 *
 * @param {string} program
 * @param {string} broker Address of the broker.
 * @param {string} tileserver Address of the tile server.
 * @param {boolean} isGuarded Whether forward auth is on.
 * @returns {Promise<RunningNginx>}
 */
async function startNginx(program, broker, tileserver, isGuarded) {
  const port = await findFreePort()
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'temp'))
  const text = readFileSync(RECIPE, 'utf8')
    .replaceAll('127.0.0.1:8080', broker)
    .replaceAll('127.0.0.1:8090', tileserver)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
  const off = text.replace('auth_request /_verify;', '').replace('$tilepass_uri;', '$request_uri;')
  writeFileSync(join(folder, 'nginx.conf'), isGuarded ? text : off)
  const child = spawn(program, ['-p', folder, '-c', 'nginx.conf'], { stdio: 'ignore' })
  while (!(await isOpen(port))) await wait(20)
  return {
    url: `http://127.0.0.1:${port}/data/world/3/4/2.pbf`,
    close: async () => {
      child.kill()
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(Boolean(socket.destroy())))
    socket.on('error', () => resolve(false))
  })
}

export const title = 'Forward auth'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const [roundCount, count] = quick ? [1, 50] : [ROUNDS, REQUESTS]
  const program = findProgram('nginx')
  if (!program) return []
  const { url: issuer, jwks, token, close } = await startIssuer()
  const tile = randomBytes(2048)
  const tileserver = await startServer((_request, response) => response.end(tile))
  const verify = forwardAuth({
    issuer,
    audience: issuer,
    jwks,
    tokenType: null,
    scope: 'tiles:read',
    peers: ['127.0.0.1'],
    tiles: '/data/{tileset}/{z}/{x}/{y}.pbf',
  })
  const broker = await startServer((request, response) => void verify(request, response))
  const guarded = await startNginx(program, broker.address, tileserver.address, true)
  const plain = await startNginx(program, broker.address, tileserver.address, false)
  const headers = { authorization: `Bearer ${token}` }
  /** @param {RunningNginx} nginx */
  const measure = async ({ url }) =>
    percentile(await load(url, { count, headers, connections: 6 }), 99)
  await measure(guarded)
  await measure(plain)
  /** @type {{ with: number, without: number }[]} */
  const rounds = []
  for (let round = 0; round < roundCount; round++) {
    const first = round % 2 === 0 ? guarded : plain
    const one = await measure(first)
    const two = await measure(first === guarded ? plain : guarded)
    rounds.push(first === guarded ? { with: one, without: two } : { with: two, without: one })
  }
  for (const running of [guarded, plain, broker, tileserver]) await running.close()
  close()
  /** @param {number[]} values */
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(roundCount / 2)] ?? Number.NaN
  /** @param {'with' | 'without'} kind */
  const format = (kind) => median(rounds.map((round) => round[kind])).toFixed(1)
  return [
    {
      name: `forward auth behind nginx, p99 of 6 connections (${format('with')} ms)`,
      against: `nginx without it (${format('without')} ms)`,
      ratio: median(rounds.map((round) => round.with / round.without)),
    },
  ]
}
