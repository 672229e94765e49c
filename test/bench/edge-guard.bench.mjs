// @ts-check
import { performance } from 'node:perf_hooks'
import { EDGE_RUNTIMES } from '../../scripts/edge-runtimes.mjs'
import { bundle } from '../../scripts/sizes.mjs'
import { startIssuer } from '../support/bench/issuer.mjs'

const PAIRS = 15
const REQUESTS = 1_500

/** One worker: a tile of 2 kB without the guard, behind it, and a loop that asks them inside workerd. */
const SCRIPT = `
import { guard } from '@tilepass/guard/fetch'

const tile = new Uint8Array(2048)
const bare = async () => new Response(tile, { headers: { 'Content-Type': 'application/x-protobuf' } })
const guarded = guard(
  ({ ISSUER }) => ({
    issuer: ISSUER, audience: ISSUER, jwks: ISSUER + '/jwks.json', scope: 'tiles:read', tokenType: null,
    tiles: '/{tileset}/{z}/{x}/{y}.mvt',
  }),
  bare,
)
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url)
    const handler = url.searchParams.get('kind') === 'bare' ? bare : guarded
    const headers = { authorization: request.headers.get('authorization') }
    for (let count = Number(url.searchParams.get('count')); count > 0; count--) {
      const response = await handler(new Request('https://tiles.example/world/3/4/2.mvt', { headers }), env, ctx)
      if (response.status !== 200) return response
    }
    return new Response('done')
  },
}
`

export const title = 'The guard for fetch runtimes'

/** @param {{ quick?: boolean }} [options] @returns {Promise<import('../../scripts/bench.mjs').BenchmarkRow[]>} */
export async function rows({ quick = false } = {}) {
  if (!EDGE_RUNTIMES.some(({ name, program }) => name === 'workerd' && program)) return []
  const [pairCount, count] = quick ? [1, 20] : [PAIRS, REQUESTS]
  const { Miniflare } = await import('miniflare')
  const { url: issuer, token, close } = await startIssuer()
  const worker = new Miniflare({
    modules: true,
    script: await bundle(SCRIPT),
    compatibilityDate: '2026-04-01',
    bindings: { ISSUER: issuer },
    cf: false,
  })
  const { origin } = await worker.ready
  /**
   * The time of one request, in µs. workerd stops its own clock while code runs, so it is measured outside.
   *
   * @param {'bare' | 'guard'} kind
   */
  const measure = async (kind) => {
    const start = performance.now()
    const response = await fetch(`${origin}/?kind=${kind}&count=${count}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if ((await response.text()) !== 'done') throw new Error('a request was refused')
    return ((performance.now() - start) * 1000) / count
  }
  for (const kind of /** @type {const} */ (['bare', 'guard', 'bare', 'guard'])) await measure(kind)
  /** @type {[number, number][]} */
  const pairs = []
  for (let pair = 0; pair < pairCount; pair++) {
    const [bare, guarded] = [await measure('bare'), await measure('guard')]
    pairs.push([bare, guarded])
  }
  await worker.dispose()
  close()
  // The fastest of each was disturbed least.
  const bare = Math.min(...pairs.map(([time]) => time))
  const guarded = Math.min(...pairs.map(([, time]) => time))
  return [
    {
      name: `guard() for fetch in workerd, a request with a known token (${guarded.toFixed(0)} µs)`,
      against: `the handler alone (${bare.toFixed(0)} µs)`,
      ratio: guarded / bare,
    },
  ]
}
