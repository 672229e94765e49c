import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BrokerOptions,
  UpstreamRefusedError,
  UpstreamUnavailableError,
} from '@tilepass/broker'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLogger } from '../../server/src/observe/logger.ts'
import { openSqlite } from '../../server/src/store/sqlite.ts'
import { createPipe } from '../../server/test/support/pipe.ts'
import { scrape } from '../../server/test/support/scrape.ts'
import { openStoreOf } from '../../server/test/support/store-under-test.ts'
import { startBroker } from '../support/brokers/broker-under-test.ts'
import {
  assertAlert,
  promtool,
  RULES,
  runPromtool,
  type Scrapes,
} from '../support/operate/promtool.ts'
import { demoData, root } from '../support/repository.ts'

vi.setConfig({ testTimeout: 60_000 })

const TILE = '/v1/tiles/world/0/0/0.mvt'
type Started = Awaited<ReturnType<typeof start>>

async function start(options: BrokerOptions = {}) {
  const tilesets = { world: { path: demoData('world.pmtiles') } }
  const broker = await startBroker({ metrics: { port: 0 }, tilesets, ...options })
  const { access_token: token } = await (await broker.post('/map-token')).json()
  const readTile = async (value = token) =>
    (await fetch(broker.url + TILE, { headers: { authorization: `Bearer ${value}` } })).status
  const repeat = async (count: number, ask: () => Promise<unknown>) => {
    for (let times = 0; times < count; times += 1) await ask()
  }
  // What a healthy broker does all the time.
  await repeat(30, readTile)
  await createWork(broker)
  return { ...broker, readTile, repeat }
}

async function createWork({ createToken, post }: Awaited<ReturnType<typeof startBroker>>) {
  await post('/v1/auth/token', {}, { authorization: `Bearer ${await createToken()}` })
}

/** Scrapes before and after something goes wrong. */
async function provoke(
  { metricsUrl }: Pick<Started, 'metricsUrl'>,
  fault: () => Promise<unknown>,
): Promise<Scrapes> {
  const before = await scrape(metricsUrl)
  await fault()
  return { before, after: await scrape(metricsUrl) }
}

/** How to provoke each alert. */
const FAULTS: Readonly<Record<string, () => Promise<Scrapes>>> = {
  TilepassDown: async () => ({ before: [], after: [], isUp: false }),

  TilepassNotReady: async () => {
    const broker = await start({ drainSeconds: 2 })
    return provoke(broker, async () => void broker.broker.close())
  },

  TilepassErrors: async () => {
    const broker = await start()
    await dropTable(broker, 'revocation')
    return provoke(broker, async () => {
      await expect.poll(() => broker.readTile()).toBe(500)
      // The metric follows the response.
      await broker.readTile()
    })
  },

  TilepassSlow: async () => {
    const own = () =>
      new Promise<{ token: string; expiresInSeconds: number }>((resolve) => {
        setTimeout(() => resolve({ token: 'opaque', expiresInSeconds: 60 }), 1_200)
      })
    const broker = await start({ upstreams: { own }, grants: { slow: { upstream: 'own' } } })
    return provoke(broker, () => broker.post('/map-token', { grant: 'slow' }))
  },

  TilepassTokensRefused: async () => {
    const broker = await start()
    return provoke(broker, async () => {
      await broker.repeat(5, broker.readTile)
      await broker.repeat(2, () => broker.readTile('invalid'))
    })
  },

  TilepassLimited: async () => {
    const broker = await start({ mapTokenPerMinute: 1 })
    return provoke(broker, () => broker.repeat(12, () => broker.post('/map-token')))
  },

  TilepassSignInsFail: async () => {
    const broker = await start()
    const signIn = () => broker.post('/token', { username: 'demo', password: 'wrong' })
    return provoke(broker, () => broker.repeat(12, signIn))
  },

  TilepassStoreFails: async () => {
    const broker = await start()
    await dropTable(broker, 'setting')
    return provoke(broker, () => fetch(`${broker.url}/readyz`))
  },

  TilepassStoreSlow: async () => {
    const broker = await start()
    const authorization = `Bearer ${await broker.createToken('admin:access')}`
    const other = await openSqlite(join(broker.data, 'tilepass.db'), 50)
    // Another process keeps the lock for writes, for which a change waits a second.
    other.prepare('begin').run([])
    const change = () => broker.post('/v1/admin/accounts', { name: 'city' }, { authorization })
    const scrapes = await provoke(broker, change)
    other.prepare('rollback').run([])
    other.close()
    return scrapes
  },

  TilepassRevocationsLate: async () => {
    const broker = await start()
    await dropTable(broker, 'revocation')
    const before = await scrape(broker.metricsUrl)
    let after = before
    const readLag = async () => {
      broker.clock.now += 1_000
      after = await scrape(broker.metricsUrl)
      return after.find(({ name }) => name === 'tilepass_revocation_lag_seconds')?.value
    }
    await expect.poll(readLag, { timeout: 10_000 }).toBeGreaterThan(2)
    return { before, after }
  },

  TilepassUpstreamRefuses: () =>
    failUpstream(() => {
      throw new UpstreamRefusedError('returned 401')
    }),

  TilepassUpstreamFails: () =>
    failUpstream(() => {
      throw new UpstreamUnavailableError('returned 500', 60)
    }),

  TilepassSigningSlow: async () => {
    const broker = await start()
    // Of several at once, some signatures are not done before the next pause.
    const work = () => Promise.all(Array.from({ length: 8 }, () => createWork(broker)))
    return provoke(broker, () => occupyDuring(work))
  },

  TilepassKeyOld: async () => {
    const broker = await start()
    return provoke(broker, async () => {
      broker.clock.now += 401 * 86_400_000
    })
  },

  TilepassEventLoopSlow: async () => {
    const broker = await start()
    return provoke(broker, () => occupyDuring(() => broker.readTile()))
  },

  TilepassLogDropped: async () => {
    const pipe = createPipe()
    const logger = createLogger('info', { fd: pipe.fd, mostWaiting: 64 * 1024 })
    const broker = await start({ logger })
    return provoke(broker, async () => {
      for (let line = 0; line < 500; line += 1) logger.info({ filling: 'x'.repeat(1_000) })
    })
  },
}

async function failUpstream(own: () => never): Promise<Scrapes> {
  const broker = await start({ upstreams: { own }, grants: { relayed: { upstream: 'own' } } })
  return provoke(broker, () => broker.post('/map-token', { grant: 'relayed' }))
}

async function dropTable({ data }: Pick<Started, 'data'>, table: string): Promise<void> {
  const store = await openStoreOf(data)
  await store.db.schema.dropTable(table).execute()
  await store.close()
}

/** Blocks the event loop for 300 ms at a time while something runs. */
async function occupyDuring(work: () => Promise<unknown>): Promise<void> {
  let isOver = false
  const working = work().finally(() => {
    isOver = true
  })
  while (!isOver) {
    const until = performance.now() + 300
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve))
  }
  await working
}

const rules = readFileSync(RULES, 'utf8')
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)

test('every alert is provoked by a test', () => {
  expect(Object.keys(FAULTS)).toEqual(alerts)
})

describe.skipIf(!promtool)('the alert rules', () => {
  test('are valid', async () => {
    expect(await runPromtool('check', 'rules', RULES)).toContain('SUCCESS')
  })

  test('are silent while a broker does its work', async () => {
    const broker = await start()
    const scrapes = await provoke(broker, async () => {
      await broker.repeat(30, broker.readTile)
      await createWork(broker)
    })
    await assertAlert(scrapes, undefined)
  })

  test.each(alerts)('%s fires when it is provoked', async (alert) => {
    await assertAlert((await FAULTS[alert]?.()) ?? { before: [], after: [] }, alert)
  })
})

describe('every metric that is asked for exists, in', () => {
  const NAME = /\b(?:tilepass|nodejs|process)_\w+/g
  const listNames = (text: string) => [...new Set(text.match(NAME))].sort()

  async function scrapeEverything(): Promise<Set<string>> {
    const own = async () => ({ token: 'opaque', expiresInSeconds: 60 })
    const broker = await start({ upstreams: { own }, grants: { relayed: { upstream: 'own' } } })
    await broker.post('/map-token', { grant: 'relayed' })
    await broker.post('/map-token', { grant: 'unknown' })
    return new Set((await scrape(broker.metricsUrl)).map(({ name }) => name))
  }

  test.each([
    ['the alert rules', rules],
    ['the dashboard', readFileSync(join(root, 'deploy/grafana/tilepass.json'), 'utf8')],
    ['the documentation', readFileSync(join(root, 'docs/operate/monitoring.md'), 'utf8')],
  ])('%s', async (_, text) => {
    const names = listNames(text).filter((name) => !name.endsWith('_'))
    expect(names.length).toBeGreaterThan(5)
    const scraped = await scrapeEverything()
    const isScraped = (name: string) =>
      scraped.has(name) ||
      ['_bucket', '_count', '_sum'].some((suffix) => scraped.has(name + suffix))
    expect(names.filter((name) => !isScraped(name))).toEqual([])
  })
})

test('the dashboard is complete: each panel asks one data source for something', () => {
  const { panels, templating } = JSON.parse(
    readFileSync(join(root, 'deploy/grafana/tilepass.json'), 'utf8'),
  )
  const ids = panels.map(({ id }: { id: number }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(templating.list.map(({ name }: { name: string }) => name)).toEqual([
    'datasource',
    'instance',
  ])
  for (const { type, title, targets, datasource } of panels) {
    if (type === 'row') continue
    expect([title, datasource.uid]).toEqual([
      expect.stringMatching(/./),
      expect.stringContaining('{datasource}'),
    ])
    expect(targets.length).toBeGreaterThan(0)
  }
})

describe.skipIf(!promtool)('the expressions of the dashboard', () => {
  test('can be evaluated', async () => {
    const { panels } = JSON.parse(readFileSync(join(root, 'deploy/grafana/tilepass.json'), 'utf8'))
    const expressions: string[] = panels.flatMap(
      ({ targets = [] }: { targets?: { expr: string }[] }) =>
        targets.map(({ expr }) =>
          expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
        ),
    )
    expect(expressions.length).toBeGreaterThan(20)
    const folder = mkdtempSync(join(tmpdir(), 'tilepass-dashboard-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'rules.json')
    const rules = expressions.map((expr, index) => ({ record: `panel_${index}`, expr }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    expect(await runPromtool('check', 'rules', file)).toContain('SUCCESS')
  })
})
