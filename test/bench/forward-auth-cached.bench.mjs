// @ts-check
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { startNginx } from '../support/bench/nginx.mjs'
import { readCpu } from '../support/bench/processes.mjs'
import { startLoad, startPeer, toSubject } from '../support/bench/subjects.mjs'

// What nginx would save if it kept the broker's answers, which the documentation advises against.

export const title = 'Forward auth'

const TILE = '/data/world/3/4/2.pbf'

/**
 * The recipe with a cache of answers.
 *
 * @param {string} key
 * @returns {(text: string) => string}
 */
const withAnswersKept = (key) => (text) =>
  text
    .replace(
      'upstream broker {',
      'proxy_cache_path answers keys_zone=answers:8m;\nupstream broker {',
    )
    .replace(
      'proxy_pass http://broker/verify;',
      `proxy_pass http://broker/verify;
      proxy_cache answers;
      proxy_cache_key "${key}";
      proxy_cache_valid 204 1s;
      proxy_ignore_headers Cache-Control;`,
    )

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  mkdirSync(join(folder, 'data/world/3/4'), { recursive: true })
  writeFileSync(join(folder, TILE), Buffer.alloc(2048, 1))
  const load = startLoad()
  const broker = await startBroker({ settings: { logTiles: 0.01 } })
  const tileserver = await startPeer(load, 'static', folder)
  const addresses = { broker: new URL(broker.url).host, tileserver: new URL(tileserver.url).host }
  const key = '$request_method $http_authorization $request_uri'
  const asked = await startNginx(addresses)
  const kept = await startNginx(addresses, withAnswersKept(key))
  // No request has the id of another, so that each of them is for something new.
  const alwaysNew = await startNginx(addresses, withAnswersKept(`${key} $request_id`))
  try {
    if (!asked || !kept || !alwaysNew) return []
    const response = await fetch(`${broker.url}/map-token`, { method: 'POST' })
    /** @type {any} */
    const { access_token: token } = await response.json()
    const request = { path: TILE, headers: { authorization: `Bearer ${token}` } }
    /** @param {import('../support/bench/nginx.mjs').RunningNginx} nginx */
    const askThrough = (nginx) =>
      toSubject(load, () => nginx.readCpu() + readCpu(broker.pid), nginx.url, [request])
    const get = await measureInRounds(
      { asked: askThrough(asked), kept: askThrough(kept), alwaysNew: askThrough(alwaysNew) },
      quick ? { rounds: 1, count: 50 } : { rounds: 7, count: 1000 },
    )
    const cost = (/** @type {string} */ name) => `(${median(get(name)).toFixed(0)} µs)`
    const against = `the broker is always asked ${cost('asked')}`
    return [
      {
        name: `answers kept 1 s, one tile again and again, nginx and broker ${cost('kept')}`,
        against,
        ...toRatio(get('kept'), get('asked')),
      },
      {
        name: `answers kept 1 s, each tile once per token ${cost('alwaysNew')}`,
        against,
        ...toRatio(get('alwaysNew'), get('asked')),
      },
    ]
  } finally {
    load.close()
    for (const nginx of [asked, kept, alwaysNew]) await nginx?.close()
    tileserver.close()
    await broker.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
