// @ts-check
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBroker } from '../support/bench/broker.mjs'
import { measureInRounds, median, toRatio } from '../support/bench/compare.mjs'
import { readMemory } from '../support/bench/processes.mjs'
import { startLoad } from '../support/bench/subjects.mjs'

// What a process of the broker takes to start, and in memory.

export const title = 'Start, memory and size'

const BIN = fileURLToPath(new URL('../../server/bin/tilepass.js', import.meta.url))
const EXPRESS = fileURLToPath(import.meta.resolve('express'))

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  return [...(await measureCommands(quick)), ...(await measureMemory(quick))]
}

/** Time on the clock of a whole process, in µs. @param {readonly string[]} args */
const toCommand = (args) => async () => {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return (performance.now() - startedAt) * 1000
}

/** @param {boolean} quick */
async function measureCommands(quick) {
  const data = mkdtempSync(join(tmpdir(), 'tilepass-bench-'))
  execFileSync(process.execPath, [BIN, 'account', 'create', 'city', '--data', data])
  try {
    const get = await measureInRounds(
      {
        list: toCommand([BIN, 'token', 'list', '--data', data]),
        version: toCommand([BIN, '--version']),
        express: toCommand(['--input-type=module', '--eval', `await import('${EXPRESS}')`]),
        node: toCommand(['--eval', '0']),
      },
      { rounds: quick ? 1 : 9, count: 1 },
    )
    const show = (/** @type {string} */ name) => `(${(median(get(name)) / 1000).toFixed(0)} ms)`
    return [
      {
        name: `tilepass token list ${show('list')}`,
        against: `node that imports Express ${show('express')}`,
        ...toRatio(get('list'), get('express')),
        limit: 2,
      },
      {
        name: `tilepass --version ${show('version')}`,
        against: `node that does nothing ${show('node')}`,
        ...toRatio(get('version'), get('node')),
        limit: 4,
      },
    ]
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

/** @param {boolean} quick */
async function measureMemory(quick) {
  const count = quick ? 100 : 200_000
  const load = startLoad()
  const broker = await startBroker()
  try {
    const idle = readMemory(broker.pid)
    const body = '{"grant":"shared"}'
    const headers = { 'content-type': 'application/json' }
    const request = { path: '/map-token', method: 'POST', headers, body }
    await load.send(broker.url, quick ? 100 : 20_000, [request])
    const warm = readMemory(broker.pid)
    await load.send(broker.url, count, [request])
    const used = readMemory(broker.pid)
    return [
      {
        name: `memory after ${count.toLocaleString('en')} more requests (${used.toFixed(0)} MB)`,
        against: `after the first ones (${warm.toFixed(0)} MB; ${idle.toFixed(0)} MB idle)`,
        ratio: used / warm,
        limit: 1.3,
      },
    ]
  } finally {
    load.close()
    await broker.close()
  }
}
