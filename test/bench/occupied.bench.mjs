// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { load, percentile } from '../support/bench/load.mjs'

const PATH = '/.well-known/jwks.json'
/** How long a server is occupied, in ms. */
const DURATION = 8_000
/** How often it is asked meanwhile, in ms. */
const PAUSE = 50

/** @param {string} name */
const program = (name) => fileURLToPath(new URL(`../support/bench/${name}`, import.meta.url))

/** @param {'broker' | 'peer'} role */
async function startServer(role) {
  const child = spawn(process.execPath, ['--expose-gc', program('occupied-servers.mjs'), role], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  const url = `http://127.0.0.1:${port}`
  await load(url + PATH, { count: 2_000, headers: {} })
  return {
    port,
    /** The longest time in ms that `/healthz` took while the server was occupied. */
    async occupy(
      /** @type {number} */ connections,
      /** @type {number} */ bytes,
      /** @type {number} */ duration,
    ) {
      const args = [
        program('occupants.mjs'),
        String(port),
        PATH,
        String(connections),
        String(bytes),
      ]
      const occupants = spawn(process.execPath, args, { stdio: 'inherit' })
      /** @type {number[]} */
      const times = []
      for (const end = Date.now() + duration; Date.now() < end; await wait(PAUSE))
        times.push(...(await load(`${url}/healthz`, { count: 1, headers: {}, connections: 1 })))
      occupants.kill()
      await once(occupants, 'exit')
      return percentile(times, 100)
    },
    /** @returns {Promise<{ rss: number, heapUsed: number }>} */
    async measure() {
      child.stdin.write('\n')
      return JSON.parse((await lines.next()).value)
    },
    stop: () => child.kill(),
  }
}

/**
 * @param {number} connections
 * @param {number} bytes
 * @param {number} [limit] How much longer than the peer the broker may take.
 * @param {number} [duration] In ms.
 */
async function compare(connections, bytes, limit, duration = DURATION) {
  const name = `${connections} connections that send ${bytes / 1e6} MB of requests and read nothing`
  const [broker, peer] = [await startServer('broker'), await startServer('peer')]
  const warm = await broker.measure()
  const [ours, theirs] = [
    await broker.occupy(connections, bytes, duration),
    await peer.occupy(connections, bytes, duration),
  ]
  // The last connections are closed.
  await wait(2_000)
  const [after, peerAfter] = [await broker.measure(), await peer.measure()]
  broker.stop()
  peer.stop()
  return [
    { name: `/healthz at worst: ${name}`, against: '1 s', ratio: ours / 1_000 },
    {
      name: '… the same',
      against: 'asynchronous Express route',
      ratio: ours / theirs,
      ...(limit && { limit }),
    },
    {
      name: '… heap afterwards',
      against: 'heap before',
      ratio: after.heapUsed / warm.heapUsed,
      limit: 1.2,
    },
    {
      name: '… memory afterwards',
      against: 'the route + 100 MB',
      ratio: after.rss / (peerAfter.rss + 1e8),
      limit: 1,
    },
  ]
}

export const title = 'Under attack'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  if (quick) return compare(20, 4e4, undefined, 500)
  // The last ones are idle: neither server is occupied, so the ratio is that of two short times.
  return [
    ...(await compare(20, 4e6, 1)),
    ...(await compare(60, 12e6, 1)),
    ...(await compare(200, 100)),
  ]
}
