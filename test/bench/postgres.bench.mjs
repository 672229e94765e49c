// @ts-check
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { startPostgres } from '../support/bench/postgres.mjs'
import { readCpu } from '../support/bench/processes.mjs'
import { startReplicas } from '../support/bench/replicas.mjs'
import { startLoad, toSubject } from '../support/bench/subjects.mjs'

// What an exchange costs on PostgreSQL, the broker and the database apart, and with up to four brokers on
// one database. The brokers share a core, so that throughput cannot show what more of them are good for:
// their CPU time for an exchange can.

export const title = 'PostgreSQL and replicas'

/** Of all brokers together, so that one broker has no queue for its connections to the database. */
const CONNECTIONS = 8

/** @typedef {Awaited<ReturnType<typeof startBroker>>} Broker */

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const postgres = await startPostgres()
  if (!postgres) return []
  const load = startLoad()
  const sqlite = await startBroker()
  const replicas = await startReplicas(postgres, 'replicas', { count: 4 })
  try {
    const [first] = replicas
    if (!first) throw new TypeError('expected a replica')
    const token = createToken(first)
    // Of four brokers each gets a quarter of the requests, and V8 is slow until it knows them.
    for (const broker of replicas) await exchangeWith(load, [broker], token)(quick ? 50 : 6000)
    const all = (/** @type {number} */ count) => {
      const some = replicas.slice(0, count)
      return exchangeWith(load, some, token, () => sumCpu(some) + postgres.readCpu())
    }
    const get = await measureInRounds(
      {
        sqlite: exchangeWith(load, [sqlite], createToken(sqlite)),
        broker: exchangeWith(load, [first], token),
        database: exchangeWith(load, [first], token, postgres.readCpu),
        one: all(1),
        two: all(2),
        four: all(4),
      },
      quick ? { rounds: 1, count: 50 } : { rounds: 7, count: 600 },
    )
    const cost = (/** @type {string} */ name) => `(${median(get(name)).toFixed(0)} µs)`
    return [
      {
        name: `POST /v1/auth/token on PostgreSQL, its broker ${cost('broker')}`,
        against: `on SQLite ${cost('sqlite')}`,
        ...toRatio(get('broker'), get('sqlite')),
        limit: 1.5,
      },
      {
        name: `the same, its database ${cost('database')}`,
        against: `its broker ${cost('broker')}`,
        ...toRatio(get('database'), get('broker')),
        limit: 0.5,
      },
      ...['two', 'four'].map((name) => ({
        name: `the same, ${name} replicas and the database ${cost(name)}`,
        against: `one and the database ${cost('one')}`,
        ...toRatio(get(name), get('one')),
        limit: 1.2,
      })),
    ]
  } finally {
    load.close()
    for (const { close } of [sqlite, ...replicas]) await close()
    await postgres.close()
  }
}

/** @param {Broker} broker */
function createToken({ tilepass }) {
  return tilepass('token', 'create', '--account', 'city', '--scope', 'tiles:read')
}

/**
 * Exchanges at several brokers at the same time.
 *
 * @param {import('../support/bench/subjects.mjs').Load} load
 * @param {readonly Broker[]} brokers
 * @param {string} token
 * @param {() => number} [read] Whose CPU time counts; default the brokers.
 * @returns {import('../support/bench/subjects.mjs').Subject}
 */
function exchangeWith(load, brokers, token, read = () => sumCpu(brokers)) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const request = { path: '/v1/auth/token', method: 'POST', headers, body: '{"ttl":3600}' }
  return toSubject(
    load,
    read,
    brokers.map(({ url }) => url),
    [request],
    { connections: CONNECTIONS },
  )
}

/** @param {readonly Broker[]} brokers */
function sumCpu(brokers) {
  return brokers.reduce((sum, { pid }) => sum + readCpu(pid), 0)
}
