// @ts-check
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { startLoad, toSubject } from '../support/bench/subjects.mjs'
import { startWrk } from '../support/bench/wrk.mjs'

// Do the figures depend on what sends the requests? The same ones by another program, which is not written
// in JavaScript.

export const title = 'By another load'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const wrk = startWrk({ seconds: quick ? 1 : 2 })
  if (!wrk) return []
  const autocannon = startLoad()
  const broker = await startBroker()
  try {
    const requests = await describeRequests(broker)
    const subjects = Object.entries(requests).flatMap(([name, request]) =>
      Object.entries({ autocannon, wrk }).map(([by, load]) => [
        `${name}, by ${by}`,
        toSubject(load, broker.pid, broker.url, [request]),
      ]),
    )
    const get = await measureInRounds(
      Object.fromEntries(subjects),
      quick ? { rounds: 1, count: 50 } : { rounds: 7, count: 1000 },
    )
    const cost = (/** @type {string} */ name) => `(${median(get(name)).toFixed(0)} µs)`
    return Object.keys(requests).map((name) => {
      const [subject, peer] = [`${name}, by wrk`, `${name}, by autocannon`]
      return {
        name: `${subject} ${cost(subject)}`,
        against: `by autocannon ${cost(peer)}`,
        ...toRatio(get(subject), get(peer)),
        limit: 1.15,
      }
    })
  } finally {
    autocannon.close()
    wrk.close()
    await broker.close()
  }
}

/**
 * @param {Awaited<ReturnType<typeof startBroker>>} broker
 * @returns {Promise<Record<string, import('../support/bench/subjects.mjs').RequestShape>>}
 */
async function describeRequests({ url, tilepass }) {
  const response = await fetch(`${url}/map-token`, { method: 'POST' })
  /** @type {any} */
  const { access_token: access } = await response.json()
  const api = tilepass('token', 'create', '--account', 'city', '--scope', 'tiles:read')
  const json = { 'content-type': 'application/json' }
  return {
    'POST /v1/auth/token': {
      path: '/v1/auth/token',
      method: 'POST',
      headers: { authorization: `Bearer ${api}`, ...json },
      body: '{"ttl":3600}',
    },
    'GET /v1/tiles/…': {
      path: '/v1/tiles/world/0/0/0.mvt',
      headers: { authorization: `Bearer ${access}`, 'accept-encoding': 'gzip' },
    },
    'POST /map-token, a shared grant': {
      path: '/map-token',
      method: 'POST',
      headers: json,
      body: '{"grant":"shared"}',
    },
  }
}
