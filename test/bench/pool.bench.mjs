// @ts-check
import { createTokenManager, createTokenPool } from '@tilepass/core'
import { median, toRatio } from '../support/bench/compare.mjs'
import { measureHeap } from '../support/bench/heap.mjs'

// A pool has a manager for each key. What a key costs must not depend on how many there are.

export const title = 'In the page'

const FEW = 100
/** How often a request of each key is authorized. */
const LOOKUPS = 10

/** @param {number} index */
const toUrl = (index) => `https://tiles.example.com/v1/tiles/set-${index}/12/2200/1343.mvt`

function createPool() {
  const answer = { access_token: 'x'.repeat(700), token_type: 'Bearer', expires_in: 3600 }
  return createTokenPool(
    (url) => url.split('/')[5],
    (key) =>
      createTokenManager(async () => Response.json(answer), {
        allow: [`https://tiles.example.com/v1/tiles/${key}/`],
      }),
  )
}

/** @typedef {{ create: number, find: number, dispose: number, memory: number }} Costs For each key: µs, and bytes. */

/**
 * Fills pools, asks them and disposes of them, until `total` keys were created. A map is attached, and a
 * display of the state.
 *
 * @param {number} count Keys of a pool.
 * @param {number} total
 * @returns {Promise<Costs>}
 */
async function measurePools(count, total) {
  const urls = Array.from({ length: count }, (_, index) => toUrl(index))
  const sum = { create: 0, find: 0, dispose: 0, memory: 0 }
  const pools = total / count
  for (let each = 0; each < pools; each += 1) {
    const before = measureHeap()
    const pool = createPool()
    pool.on('renewed', () => {})
    pool.on('state', () => {})
    sum.create += await time(() => Promise.all(urls.map((url) => pool.authorize(url))))
    sum.memory += measureHeap() - before
    sum.find += await time(() => {
      // Far from the last one, so that no cache of the processor helps.
      for (let done = 0, at = 0; done < count * LOOKUPS; done += 1, at = (at + 37) % count)
        pool.authorize(urls[at] ?? '')
    })
    sum.dispose += await time(() => pool.dispose())
  }
  const { create, find, dispose, memory } = sum
  return {
    create: create / total,
    find: find / (total * LOOKUPS),
    dispose: dispose / total,
    memory: memory / total,
  }
}

/** @param {() => unknown} run @returns {Promise<number>} CPU time, in µs. */
async function time(run) {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  const many = quick ? 1_000 : 10_000
  /** @type {Record<'many' | 'few', Costs[]>} */
  const costs = { many: [], few: [] }
  const measure = async () => ({
    few: await measurePools(FEW, quick ? FEW : 2_000),
    many: await measurePools(many, many),
  })
  // Warms up.
  await measurePools(FEW, quick ? FEW : 2_000)
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    const measured = await measure()
    costs.few.push(measured.few)
    costs.many.push(measured.many)
  }
  /** @param {string} what @param {keyof Costs} cost @param {string} unit @param {number} limit */
  const toRow = (what, cost, unit, limit) => {
    const ours = costs.many.map((each) => each[cost])
    const theirs = costs.few.map((each) => each[cost])
    const [shown, shownPeer] = [ours, theirs].map((all) => `${median(all).toFixed(0)} ${unit}`)
    return {
      name: `a pool of ${many.toLocaleString('en')} keys: ${what} (${shown})`,
      against: `a key of ${FEW} (${shownPeer})`,
      ...toRatio(ours, theirs),
      limit,
    }
  }
  return [
    toRow('the first token of a key', 'create', 'µs', 1.5),
    // Many keys do not fit into the caches of a processor; asking all of them would take a hundred times as long.
    toRow('to authorize a request', 'find', 'µs', 10),
    toRow('to dispose of a key', 'dispose', 'µs', 1.5),
    toRow('memory of a key', 'memory', 'B', 1.2),
  ]
}
