// @ts-check
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { startLoad, toSubject } from '../support/bench/subjects.mjs'

// What each kind of request costs, and what the algorithm of the signing key changes: the figures of
// docs/scaling.md.

export const title = 'Routes and algorithms'

const JSON_TYPE = { 'content-type': 'application/json' }
/** The first is what the others are compared with. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA']

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const load = startLoad()
  const brokers = []
  for (const algorithm of ALGORITHMS)
    brokers.push(await startBroker({ settings: { signing: { algorithm }, logTiles: 0.01 } }))
  try {
    /** @type {Record<string, import('../support/bench/subjects.mjs').Subject>} */
    const subjects = {}
    for (const [index, { url, pid, tilepass }] of brokers.entries()) {
      const api = tilepass('token', 'create', '--account', 'city', '--scope', 'tiles:read')
      const headers = { ...JSON_TYPE, authorization: `Bearer ${api}` }
      subjects[`POST /v1/auth/token, ${ALGORITHMS[index]}`] = toSubject(load, pid, url, [
        { path: '/v1/auth/token', method: 'POST', headers, body: '{"ttl":3600}' },
      ])
      subjects[`POST /map-token, a token for each page, ${ALGORITHMS[index]}`] = toSubject(
        load,
        pid,
        url,
        [{ path: '/map-token', method: 'POST', headers: JSON_TYPE, body: '{}' }],
      )
    }
    const [{ url, pid } = { url: '', pid: undefined }] = brokers
    const response = await fetch(`${url}/map-token`, { method: 'POST' })
    /** @type {any} */
    const { access_token: token } = await response.json()
    const known = { authorization: `Bearer ${token}` }
    const asked = { 'x-original-uri': '/data/world/0/0/0.pbf', 'x-original-method': 'GET' }
    const shared = 'POST /map-token, a shared grant'
    subjects[shared] = toSubject(load, pid, url, [
      { path: '/map-token', method: 'POST', headers: JSON_TYPE, body: '{"grant":"shared"}' },
    ])
    subjects['GET /verify, a known token'] = toSubject(load, pid, url, [
      { path: '/verify', headers: { ...known, ...asked } },
    ])
    subjects['GET /v1/tiles/…, a known token'] = toSubject(load, pid, url, [
      { path: '/v1/tiles/world/0/0/0.mvt', headers: { ...known, 'accept-encoding': 'gzip' } },
    ])
    const get = await measureInRounds(
      subjects,
      quick ? { rounds: 1, count: 50 } : { rounds: 7, count: 1_000 },
    )
    const cost = (/** @type {string} */ name) => `${name} (${median(get(name)).toFixed(0)} µs)`
    return Object.keys(subjects)
      .filter((name) => name !== shared)
      .map((name) => ({
        name: cost(name),
        against: cost(shared),
        ...toRatio(get(name), get(shared)),
      }))
  } finally {
    load.close()
    for (const { close } of brokers) await close()
  }
}
