// @ts-check
import { createAccount, startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { addToDatabase, addToFolder, toTokenId } from '../support/bench/mapbox-tokens.mjs'
import { startPostgres } from '../support/bench/postgres.mjs'
import { readCpu } from '../support/bench/processes.mjs'
import { startReplicas } from '../support/bench/replicas.mjs'
import { startLoad, toSubject } from '../support/bench/subjects.mjs'

// What a page of a list of tokens costs, broker and database together, by the number of tokens: the same.

export const title = 'Lists of tokens'

const PAGE = 100
const settings = { mapbox: { requestsPerMinute: 1_000_000 } }

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const counts = quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000]
  const rounds = quick ? { rounds: 1, count: 50 } : { rounds: 7, count: 100 }
  const load = startLoad()
  const postgres = await startPostgres()
  /** @type {Pages[]} */
  const all = []
  try {
    for (const count of counts) all.push(await startOnSqlite(count))
    if (postgres) for (const count of counts) all.push(await startOnPostgres(postgres, count))
    const subjects = all.flatMap((pages) => toSubjects(load, pages))
    const get = await measureInRounds(Object.fromEntries(subjects), rounds)
    const cost = (/** @type {string} */ name) => `${name} (${median(get(name)).toFixed(0)} µs)`
    const [few = 0, ...more] = counts
    const stores = postgres ? ['SQLite', 'PostgreSQL'] : ['SQLite']
    return stores.flatMap((store) =>
      PLACES.flatMap((place) =>
        more.map((count) => {
          const [subject, peer] = [toName(place, count, store), toName(place, few, store)]
          return {
            name: cost(subject),
            against: cost(peer),
            ...toRatio(get(subject), get(peer)),
            limit: 1.5,
          }
        }),
      ),
    )
  } finally {
    load.close()
    for (const { broker } of all) await broker.close()
    await postgres?.close()
  }
}

/**
 * @typedef {object} Pages
 * @property {string} store
 * @property {number} count Of tokens.
 * @property {Awaited<ReturnType<typeof startBroker>>} broker
 * @property {() => number} readCpu
 */

const PLACES = /** @type {const} */ ([
  'the first page',
  'a page in the middle',
  'the last page',
  "an operator's page in the middle",
])

/** @param {string} place @param {number} count @param {string} store */
function toName(place, count, store) {
  return `${place} of ${count.toLocaleString('en')} tokens, ${store}`
}

/** @param {number} count @returns {Promise<Pages>} */
async function startOnSqlite(count) {
  const broker = await startBroker({
    settings,
    prepare: (preparation) => {
      createAccount(preparation)
      addToFolder(preparation.folder, count)
    },
  })
  return { store: 'SQLite', count, broker, readCpu: () => readCpu(broker.pid) }
}

/** @param {import('../support/bench/postgres.mjs').Postgres} postgres @param {number} count @returns {Promise<Pages>} */
async function startOnPostgres(postgres, count) {
  const name = `tokens_${count}`
  const [broker] = await startReplicas(postgres, name, {
    settings,
    prepare: async (preparation) => {
      createAccount(preparation)
      await addToDatabase(postgres, name, count)
    },
  })
  if (!broker) throw new TypeError('expected a broker')
  const read = () => readCpu(broker.pid) + postgres.readCpu()
  return { store: 'PostgreSQL', count, broker, readCpu: read }
}

/**
 * @param {import('../support/bench/subjects.mjs').Load} load
 * @param {Pages} pages
 */
function toSubjects(load, { store, count, broker, readCpu: read }) {
  const create = (/** @type {string[]} */ ...args) =>
    broker.tilepass('token', 'create', '--account', 'city', ...args)
  const token = create('--format', 'mapbox', '--scope', 'tokens:read')
  const operator = create('--scope', 'admin:access')
  const list = `/tokens/v2/city?limit=${PAGE}&access_token=${token}`
  // The newest token is the first one of the list.
  const requests = [
    { path: list },
    { path: `${list}&start=${toTokenId(count / 2)}` },
    { path: `${list}&start=${toTokenId(PAGE + 1)}` },
    {
      path: `/v1/admin/tokens?limit=${PAGE}&before=${toTokenId(count / 2)}`,
      headers: { authorization: `Bearer ${operator}` },
    },
  ]
  return PLACES.map(
    (place, index) =>
      /** @type {const} */ ([
        toName(place, count, store),
        toSubject(load, read, broker.url, requests.slice(index, index + 1), { connections: 8 }),
      ]),
  )
}
