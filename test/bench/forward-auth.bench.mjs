// @ts-check
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { forwardAuth } from '@tilepass/guard'
import { findProgram } from '../../scripts/gateways.mjs'
import { startIssuer } from '../support/bench/issuer.mjs'
import { load, percentile } from '../support/bench/load.mjs'
import { startNginx } from '../support/bench/nginx.mjs'

const ROUNDS = 7
const REQUESTS = 1_000
const TILE = '/data/world/3/4/2.pbf'

/** @param {import('node:http').RequestListener} handler */
async function startServer(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { address: `127.0.0.1:${port}`, close: () => server.close().closeAllConnections() }
}

/** The recipe without forward auth. @param {string} text */
function withoutCheck(text) {
  return text.replace('auth_request /_verify;', '').replace('$tilepass_uri;', '$request_uri;')
}

export const title = 'Forward auth'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  // Before servers are started that would keep this process running.
  if (!findProgram('nginx')) return []
  const [roundCount, count] = quick ? [1, 50] : [ROUNDS, REQUESTS]
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
  const addresses = { broker: broker.address, tileserver: tileserver.address }
  const guarded = await startNginx(addresses)
  const plain = await startNginx(addresses, withoutCheck)
  if (!guarded || !plain) throw new Error('nginx is not installed any more')
  const headers = { authorization: `Bearer ${token}` }
  /** @param {import('../support/bench/nginx.mjs').RunningNginx} nginx */
  const measure = async ({ url }) =>
    percentile(await load(url + TILE, { count, headers, connections: 6 }), 99)
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
