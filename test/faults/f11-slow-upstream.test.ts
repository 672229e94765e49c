import { expect, onTestFinished } from 'vitest'
import { passOn, startFaultProxy } from '../../server/test/support/fault-proxy.ts'
import { startRelay, writeSecret } from '../../server/test/support/relay-under-test.ts'
import { WORLD } from '../../server/test/support/second-broker.ts'
import { call } from '../support/faults/calls.ts'
import { findPercentile, keepAsking } from '../support/faults/load.ts'
import { fault } from '../support/faults/row.ts'
import { prepareSite } from '../support/faults/site.ts'

/** A broker whose grant `relayed` waits for an upstream for as long as is allowed. */
async function start() {
  const site = await prepareSite()
  const geog = await site.serve()
  const proxy = await startFaultProxy(() => geog.url)
  onTestFinished(() => proxy.close())
  const relay = await startRelay({
    upstreams: {
      geog: {
        kind: 'geog',
        url: proxy.url,
        token: writeSecret(site.admin).source,
        timeoutSeconds: 60,
      },
    },
    grants: {
      relayed: { upstream: 'geog', scope: 'tiles:read', expiresInSeconds: 60, shared: false },
    },
    tilesets: { world: { path: WORLD } },
    mapTokenPerMinute: 1_000_000,
  })
  return { geog, proxy, relay }
}

fault(
  'F11',
  'an upstream is silent while pages ask for its tokens',
  { short: 60, long: 200, unit: 'pages' },
  async ({ scale, report }) => {
    const { geog, proxy, relay } = await start()
    const held: (() => void)[] = []
    let open = 0
    let most = 0
    let isSilent = true
    proxy.fault = (incoming, outgoing) => {
      open += 1
      most = Math.max(most, open)
      outgoing.once('close', () => {
        open -= 1
      })
      const answer = () => passOn(incoming, outgoing, geog.url, undefined)
      if (isSilent) held.push(answer)
      else answer()
    }
    const waiting = Promise.all(Array.from({ length: scale }, () => relay.ask('relayed')))
    await expect.poll(() => most, { timeout: 30_000 }).toBeGreaterThan(0)
    const times: number[] = []
    let failed = 0
    const load = keepAsking(2, async () => {
      const page = await call<{ access_token: string }>(`${relay.url}/map-token`, {
        method: 'POST',
      })
      const headers = { authorization: `Bearer ${page.body?.access_token}` }
      const tile = await call(`${relay.url}/v1/tiles/world/0/0/0.mvt`, { headers })
      times.push(page.took, tile.took)
      failed += [page, tile].filter(({ status }) => status !== 200).length
    })
    await expect.poll(() => times.length, { timeout: 60_000 }).toBeGreaterThan(200)
    await load.stop()
    const mostSilent = most
    isSilent = false
    for (const answer of held) answer()
    const statuses = (await waiting).map(({ status }) => status)

    report('requests to the upstream at the same time', mostSilent, { atMost: 16 })
    report('tokens and tiles of other grants that failed', failed, { atMost: 0 })
    report('99 % of them within', findPercentile(times, 0.99), { atMost: 2_000, unit: 'ms' })
    const unanswered = statuses.filter((status) => status !== 200).length
    report('pages without a token once it answers', unanswered, { atMost: 0 })
  },
)
