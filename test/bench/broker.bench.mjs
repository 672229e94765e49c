// @ts-check
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from '../support/bench/load.mjs'

// What a request costs a broker that is a process of its own, with its log, its store and its metrics:
// the figures of docs/scaling.md.

const ROUNDS = 7
const COUNT = 1_000
const BIN = fileURLToPath(new URL('../../server/bin/tilepass.js', import.meta.url))
const TILES = fileURLToPath(new URL('../../examples/demo-data/world.pmtiles', import.meta.url))

/** Starts a broker on a data folder of its own. */
async function startBroker() {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  const config = join(data, 'tilepass.json')
  const grant = { account: 'city', scope: 'tiles:read' }
  const settings = {
    data,
    port: 0,
    publicUrl: 'http://127.0.0.1:8080',
    logTiles: 0.01,
    mapTokenPerMinute: 1_000_000,
    metrics: { port: 0 },
    verify: { peers: ['loopback'] },
    grants: { default: grant, shared: { ...grant, shared: true } },
    tilesets: { world: { path: TILES } },
  }
  writeFileSync(config, JSON.stringify(settings))
  /** @param {string[]} args */
  const tilepass = (...args) =>
    execFileSync(process.execPath, [BIN, ...args, '--config', config], { encoding: 'utf8' }).trim()
  tilepass('account', 'create', 'city')
  const child = spawn(process.execPath, [BIN, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  while (!log.includes('"the broker listens"')) await once(child.stderr, 'data')
  const { url, metricsUrl } = JSON.parse(
    log.split('\n').find((line) => line.includes('"the broker listens"')) ?? '{}',
  )
  const readCpu = async () => {
    const text = await (
      await fetch(`${metricsUrl.replace('localhost', '127.0.0.1')}/metrics`)
    ).text()
    return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]) * 1e6
  }
  const close = async () => {
    child.kill()
    await once(child, 'exit')
    rmSync(data, { recursive: true, force: true })
  }
  return { url, tilepass, readCpu, close, readLog: () => log }
}

/** @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows() {
  const { url, tilepass, readCpu, close, readLog } = await startBroker()
  const apiToken = tilepass('token', 'create', '--account', 'city', '--scope', 'tiles:read')
  const response = await fetch(`${url}/map-token`, { method: 'POST' })
  /** @type {any} */
  const { access_token: token } = await response.json()
  const known = { authorization: `Bearer ${token}` }
  const json = { 'content-type': 'application/json' }
  const asked = { 'x-original-uri': '/data/world/0/0/0.pbf', 'x-original-method': 'GET' }
  /** @type {Record<string, { path: string, method?: string, headers: Record<string, string>, body?: string }>} */
  const requests = {
    'POST /map-token, a shared grant': {
      path: '/map-token',
      method: 'POST',
      headers: json,
      body: '{"grant":"shared"}',
    },
    'POST /map-token, a token for each page': {
      path: '/map-token',
      method: 'POST',
      headers: json,
      body: '{}',
    },
    'POST /v1/auth/token': {
      path: '/v1/auth/token',
      method: 'POST',
      headers: { authorization: `Bearer ${apiToken}` },
    },
    'GET /verify, a known token': { path: '/verify', headers: { ...known, ...asked } },
    'GET /v1/tiles/…, a known token': { path: '/v1/tiles/world/0/0/0.mvt', headers: known },
  }
  /** @type {Map<string, number>} */
  const costs = new Map()
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, { path, ...options }] of Object.entries(requests)) {
      const before = await readCpu()
      await load(url + path, { count: COUNT, ...options })
      const cost = ((await readCpu()) - before) / COUNT
      // The fastest round was disturbed least.
      costs.set(name, Math.min(cost, costs.get(name) ?? Number.POSITIVE_INFINITY))
    }
  const lines = readLog()
    .split('\n')
    .filter((line) => line.includes('"path":"/map-token"'))
  const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0) / lines.length
  await close()
  const [first = ['', Number.NaN], ...others] = [...costs]
  console.error(`A line of the log about /map-token has ${bytes.toFixed(0)} bytes.`)
  return others.map(([name, cost]) => ({
    name: `${name} (${cost.toFixed(0)} µs of CPU)`,
    against: `${first[0]} (${first[1].toFixed(0)} µs)`,
    ratio: cost / first[1],
  }))
}
