// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { startLoad, startPeer, toSubject } from '../support/bench/subjects.mjs'

// What a request costs a broker that is a process of its own, against peers that do part of its work.

export const title = 'The broker'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const load = startLoad()
  const broker = await startBroker()
  const silent = await startBroker({ env: { TILEPASS_LOG_LEVEL: 'silent' } })
  const tiles = await listTiles(broker.url, await getToken(broker.url))
  const folder = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  writeFileSync(join(folder, 'tile.mvt'), tiles.first)
  const peers = {
    json: await startPeer(load, 'json'),
    http: await startPeer(load, 'http'),
    oidc: await startPeer(load, 'oidc'),
    static: await startPeer(load, 'static', folder),
    signatures: await startPeer(load, 'signatures'),
  }
  try {
    /** @param {typeof broker} of */
    const exchange = ({ url, pid, tilepass }) => {
      const token = tilepass('token', 'create', '--account', 'city', '--scope', 'tiles:read')
      const headers = { authorization: `Bearer ${token}`, ...JSON_TYPE }
      return toSubject(load, pid, url, [
        { path: '/v1/auth/token', method: 'POST', headers, body: '{"ttl":3600}' },
      ])
    }
    const known = {
      authorization: `Bearer ${await getToken(broker.url)}`,
      'accept-encoding': 'gzip',
    }
    const form = 'grant_type=client_credentials&scope=tiles:read'
    const json = { path: '/', method: 'POST', headers: JSON_TYPE, body: '{"grant":"shared"}' }
    const get = await measureInRounds(
      {
        exchange: exchange(broker),
        silentExchange: exchange(silent),
        signatures: peers.signatures.work(),
        oidc: peers.oidc.ask({
          path: '/token',
          method: 'POST',
          headers: {
            authorization: `Basic ${btoa('bench:secret')}`,
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: form,
        }),
        tile: toSubject(load, broker.pid, broker.url, [
          { path: tiles.paths[0] ?? '', headers: known },
        ]),
        allTiles: toSubject(
          load,
          broker.pid,
          broker.url,
          tiles.paths.map((path) => ({ path, headers: known })),
        ),
        static: peers.static.ask({ path: '/tile.mvt' }),
        mapToken: toSubject(load, broker.pid, broker.url, [{ ...json, path: '/map-token' }]),
        json: peers.json.ask(json),
        http: peers.http.ask(json),
      },
      quick ? { rounds: 1, count: 50 } : { rounds: 9, count: 1500 },
    )
    /**
     * @param {string} title
     * @param {string} name
     * @param {string} against
     * @param {string} peer
     * @param {number} [limit]
     */
    const row = (title, name, against, peer, limit) => ({
      name: `${title} (${median(get(name)).toFixed(0)} µs)`,
      against: `${against} (${median(get(peer)).toFixed(0)} µs)`,
      ...toRatio(get(name), get(peer)),
      ...(limit === undefined ? {} : { limit }),
    })
    const rsa = 'one RSA-2048 signature and verification'
    const file = 'express.static'
    return [
      row('POST /v1/auth/token', 'exchange', rsa, 'signatures', 1.9),
      row('the same', 'exchange', 'oidc-provider, client credentials', 'oidc', 1),
      row('the same without a log', 'silentExchange', rsa, 'signatures', 1.7),
      row('GET /v1/tiles/…, one tile', 'tile', file, 'static', 1.3),
      row('GET /v1/tiles/…, all in turn', 'allTiles', file, 'static', 1.8),
      row('POST /map-token, a shared grant', 'mapToken', 'an Express route', 'json', 1.2),
      row('an Express route', 'json', 'the same in node:http', 'http'),
    ]
  } finally {
    load.close()
    for (const { close } of Object.values(peers)) close()
    await broker.close()
    await silent.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** @param {string} url */
async function getToken(url) {
  const response = await fetch(`${url}/map-token`, { method: 'POST' })
  /** @type {any} */
  const { access_token: token } = await response.json()
  return String(token)
}

/**
 * The paths of the tiles that exist, and what the first one holds.
 *
 * @param {string} url
 * @param {string} token
 */
async function listTiles(url, token) {
  const headers = { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' }
  const paths = []
  let first = Buffer.alloc(0)
  for (let z = 0; z <= 4; z += 1)
    for (let x = 0; x < 2 ** z; x += 1)
      for (let y = 0; y < 2 ** z; y += 1) {
        const path = `/v1/tiles/world/${z}/${x}/${y}.mvt`
        const response = await fetch(url + path, { headers })
        const body = Buffer.from(await response.arrayBuffer())
        if (response.status !== 200) continue
        if (paths.length === 0) first = body
        paths.push(path)
      }
  return { paths, first }
}
