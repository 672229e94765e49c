import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect } from 'vitest'
import { findProgram, findTileServer } from '../../scripts/gateways.mjs'
import { findPostgres } from '../../server/test/support/postgres-cluster.ts'
import { test } from '../support/pages/page-test.ts'
import { FEW_FRAMES, healed, pan, SMALL } from '../support/pages/panning.ts'
import { startServers } from '../support/pages/servers.ts'
import { createClient } from '../support/replicas/client.ts'
import { createEndings } from '../support/replicas/endings.ts'
import { createFigures, findPercentile } from '../support/replicas/figures.ts'
import { harm } from '../support/replicas/harm.ts'
import { createJournal } from '../support/replicas/journal.ts'
import { runLoad } from '../support/replicas/load.ts'
import { countRequests, createMapPage } from '../support/replicas/map-page.ts'
import { createRegistry } from '../support/replicas/registry.ts'
import { DATASET, PAGE_TOKEN_SECONDS, startSite } from '../support/replicas/site.ts'
import { findFreePort } from '../support/servers/free-port.ts'
import { createTeardown } from '../support/servers/teardown.ts'

const isLong = process.env.TILEPASS_FAULTS === 'long'
const DURATION = isLong ? 300_000 : 30_000
/** What ended is refused by every replica after this time, in ms … */
const VISIBLE = 2_000
/** … give or take what a busy machine adds to a request of the test itself. */
const MARGIN = 250
/** ms. */
const PANNED_AT_ONCE = 2_000
/** For everything, with starts and ends on a busy machine; ms. */
const PATIENCE = DURATION + 150_000

const canRun =
  findProgram('nginx') !== undefined &&
  findTileServer() !== undefined &&
  findPostgres() !== undefined

describe.skipIf(!canRun)('three replicas on one PostgreSQL, behind nginx', () => {
  test('under load of every surface, nothing wrong is answered and nothing acknowledged is lost, whatever ends', {
    timeout: PATIENCE,
  }, async ({ openPage, onTestFinished }) => {
    const { add, run } = createTeardown()
    onTestFinished(run)
    const port = await findFreePort()
    const servers = await startServers({ '/map': () => createMapPage(`http://127.0.0.1:${port}`) })
    add(() => servers.close())
    const site = await startSite(port, servers.page)
    add(site.stop)
    const { topology, cluster, admin, sk, permanent } = site

    const journal = createJournal(performance.now())
    const replicas = () => topology.brokers.map(({ address }) => `http://${address}`)
    const endings = createEndings(replicas, journal)
    let isOver = false
    const shared = { journal, endings, admin, replicas, isOver: () => isOver }
    const client = createClient(topology.url, shared)
    const registry = createRegistry(permanent)
    const openedAt = performance.now()
    let asked: ReturnType<typeof countRequests> | undefined
    const { page, printed } = await openPage(`${servers.page}/map`, {
      init: FEW_FRAMES,
      viewport: SMALL,
      prepare: async (page) => {
        asked = countRequests(page)
        // Or a map that is panned for minutes would soon ask for nothing.
        const devtools = await page.context().newCDPSession(page)
        await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
      },
    })
    await healed(page)
    const lag = monitorEventLoopDelay({ resolution: 10 })
    lag.enable()

    const origin = servers.page
    const lifetime = PAGE_TOKEN_SECONDS * 1000
    const loadedAt = performance.now()
    const load = runLoad(client, registry, { origin, lifetime, dataset: DATASET, sk })
    const panUntilOver = async () => {
      while (!isOver) await pan(page, PANNED_AT_ONCE)
    }
    const panning = panUntilOver()
    const outages = await harm(client, topology, cluster, DURATION).finally(() => {
      isOver = true
    })
    await Promise.all([load, panning])
    const loadedFor = (performance.now() - loadedAt) / 1000
    lag.disable()
    const missing = await healed(page).then(
      () => 0,
      () => page.evaluate(() => globalThis.failed().length),
    )
    const openFor = (performance.now() - openedAt) / 1000
    const pageCounts = Object.entries(asked ?? {}).flatMap(([what, counts]) =>
      [...counts].map(([status, count]) => [`page: ${what}, status ${status}`, count] as const),
    )
    await endings.finish()
    const lost = await registry.countLost(client)
    const { wrong, documented, counts, requests } = journal.judge()

    const { add: figure, print } = createFigures()
    figure('wrong answers', wrong.length, { atMost: 0 })
    figure('changes acknowledged', registry.acknowledged(), { atLeast: 20 })
    figure('changes acknowledged and lost', lost, { atMost: 0 })
    figure('failed tiles of the page at the end', missing, { atMost: 0 })
    for (const [what, count] of pageCounts) figure(what, count)
    figure('page: open for', openFor, { unit: 's' })
    figure('page: errors printed', printed.length)
    for (const [what, delays] of endings.delays()) {
      const limit = { atMost: VISIBLE + MARGIN, unit: 'ms' }
      figure(
        `${what}: p99 until refused everywhere, of ${delays.length}`,
        findPercentile(delays, 0.99),
        limit,
      )
      figure(`${what}: longest`, Math.max(...delays), limit)
    }
    figure('the same while the database was away: longest', endings.delayDuringOutage(), {
      unit: 'ms',
    })
    for (const [what, ms] of Object.entries(outages))
      figure(`duration: ${what}`, ms, { unit: 'ms' })
    for (const [what, count] of Object.entries(documented))
      figure(`documented errors: ${what}`, count)
    figure('requests of the load', requests)
    figure('requests of the load a second', requests / loadedFor, { atLeast: 5 })
    figure('p99 of the delay of the test itself', lag.percentile(99) / 1e6, { unit: 'ms' })
    const lines = counts.map(({ surface, statuses }) => `  ${surface}: ${statuses}`)
    const faults = wrong.slice(0, 60).map((text) => `  wrong: ${text}`)
    print([`Replicas: ${Math.round(loadedFor)} s`, ...lines, ...faults].join('\n'))
    expect(wrong).toEqual([])
  })
})
